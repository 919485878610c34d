#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace clip4j::cuda::test {

// Runs functions on a stack of its own, where they may stop and go on later. Of one thread of the CPU.
//
// The stack is entered by ucontext once, and left and entered by __builtin_longjmp then: swapcontext is a
// system call each time, and AddressSanitizer clears all that it knows of the stack.
class Fiber {
 public:
  Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // What resume() is to begin. The function before it must have ended; no function may throw.
  void start(std::function<void()> function) { function_ = std::move(function); }
  // Returns when the function stops, or has ended.
  void resume();
  // For the function: back to who resumes it.
  void stop();
  bool done() const { return !function_; }

 private:
  using Place = void* [5];  // as __builtin_setjmp has it

  [[noreturn]] void enter();
  [[noreturn]] static void leave(Place& to);
  [[noreturn]] static void serve();

  const std::unique_ptr<std::byte[]> stack_;
  std::function<void()> function_;
  bool entered_ = false;
  Place inside_{}, outside_{};
};

}  // namespace clip4j::cuda::test
