#pragma once

#include <cfenv>
#include <cstdint>
#include <functional>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace clip4j::search {

// Threads that parallel() uses, the caller included.
int thread_count();

// Sets the default floating-point environment while it lives: a library that leaves flush-to-zero on in its
// caller's thread must not change answers.
class DefaultFloatingPoint {
 public:
#if defined(__x86_64__)
  // The vector unit's register alone: fesetenv takes 50 times as long, for the x87 unit's sake.
  DefaultFloatingPoint() : before_(_mm_getcsr()) { _mm_setcsr(0x1F80); }
  ~DefaultFloatingPoint() { _mm_setcsr(before_); }
#else
  DefaultFloatingPoint() {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatingPoint() { std::fesetenv(&before_); }
#endif
  DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
  DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;

 private:
#if defined(__x86_64__)
  unsigned before_;
#else
  std::fenv_t before_;
#endif
};

// Calls body(0) ... body(count - 1) on the process's search threads and this one, in the default
// floating-point environment. Throws CLIP4J_SHUTTING_DOWN when the process exits.
void parallel_for(int64_t count, const std::function<void(int64_t)>& body);

// The same; on this thread, where nothing is to be shared, without taking memory.
template <typename Body>
void parallel(int64_t count, const Body& body) {
  if (count == 1) {
    const DefaultFloatingPoint environment;
    body(int64_t{0});
  } else if (count > 1) {
    parallel_for(count, std::ref(body));
  }
}

}  // namespace clip4j::search
