#pragma once

#include <cfenv>
#include <cstdint>
#include <functional>

namespace clip4j::search {

// Threads that parallel() uses, the caller included.
int thread_count();

// Sets the default floating-point environment while it lives: a library that leaves flush-to-zero on in its
// caller's thread must not change answers.
class DefaultFloatingPoint {
 public:
  DefaultFloatingPoint() {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloatingPoint() { std::fesetenv(&before_); }
  DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
  DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;

 private:
  std::fenv_t before_;
};

// Calls body(0) ... body(count - 1) on the process's search threads and this one, in the default
// floating-point environment. Throws CLIP4J_SHUTTING_DOWN when the process exits.
void parallel(int64_t count, const std::function<void(int64_t)>& body);

}  // namespace clip4j::search
