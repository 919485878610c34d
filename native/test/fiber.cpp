#include "fiber.h"

#include <ucontext.h>

#include <cstdlib>

// Else AddressSanitizer would forget, at each change of stacks, what it knows of the one that is left. Out of
// line, for a function must not jump to a place that it has set itself.
#define CHANGES_STACKS __attribute__((noinline, no_sanitize("address")))

namespace clip4j::cuda::test {
namespace {

constexpr size_t kStackBytes = 64 << 10;

thread_local Fiber* entered_last;

}  // namespace

Fiber::Fiber() : stack_(std::make_unique_for_overwrite<std::byte[]>(kStackBytes)) {}

CHANGES_STACKS void Fiber::resume() {
  if (__builtin_setjmp(outside_) == 0) enter();
}

CHANGES_STACKS void Fiber::stop() {
  if (__builtin_setjmp(inside_) == 0) leave(outside_);
}

CHANGES_STACKS void Fiber::enter() {
  if (entered_) leave(inside_);
  entered_ = true;
  entered_last = this;
  ucontext_t there;
  getcontext(&there);
  there.uc_stack.ss_sp = stack_.get();
  there.uc_stack.ss_size = kStackBytes;
  there.uc_link = nullptr;
  makecontext(&there, &Fiber::serve, 0);
  setcontext(&there);
  std::abort();
}

CHANGES_STACKS void Fiber::leave(Place& to) { __builtin_longjmp(to, 1); }

void Fiber::serve() {
  Fiber& self = *entered_last;
  for (;;) {
    self.function_();
    self.function_ = nullptr;
    self.stop();
  }
}

}  // namespace clip4j::cuda::test
