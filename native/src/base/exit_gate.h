#pragma once

#include <atomic>
#include <cstdint>

// Lets a process end while calls are under way. A JVM calls exit() with its daemon threads still running:
// without the gate, destructors of libraries that we use would pull them from under those threads.
//
// exit() runs destructors and handlers latest first, and libraries create objects when they first need them:
// the gate must close before objects go away that were created after it was registered. So it is registered
// again and again.
namespace clip4j::exit_gate {

// Throws Error(CLIP4J_SHUTTING_DOWN) once the process is exiting. Long work calls it every few milliseconds.
void check_running();

// At exit, waits for running calls before anything is destroyed that exists now. For a few calls a process,
// or ever rarer ones: each takes a little memory for good.
void guard() noexcept;

// Held by every API call that may run for long. Constructed while the process is exiting, it never returns,
// but on the thread that exits, whose handlers and destructors may call. `calls` counts the calls of one API
// function; guards what they created after the 1st, 2nd, 4th, 8th...
class Pass {
 public:
  explicit Pass(std::atomic<uint64_t>& calls) noexcept;
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

 private:
  std::atomic<uint64_t>& calls_;
};

}  // namespace clip4j::exit_gate
