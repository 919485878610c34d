#pragma once

// Lets a process end while calls are under way. A JVM calls exit() with its daemon threads still running: without
// the gate, destructors of libraries that we use would pull them from under those threads.
namespace clip4j::exit_gate {

// True once the process is exiting.
bool stopping() noexcept;

// Throws Error(CLIP4J_SHUTTING_DOWN) once the process is exiting. Long work calls it every few milliseconds.
void check_running();

// Held by every API call that may run for long. Constructed while the process is exiting, it never returns.
class Pass {
 public:
  Pass() noexcept;
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;
};

}  // namespace clip4j::exit_gate
