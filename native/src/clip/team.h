#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace clip4j {

// How to loop.
struct Loop {
  // Calls body(index, thread) for 0 <= index < count. A body must not throw.
  void operator()(int64_t count, const std::function<void(int64_t index, int64_t thread)>& body) const {
    run(count, body);
  }

  std::function<void(int64_t, const std::function<void(int64_t, int64_t)>&)> run;
  int64_t stride;  // from an index to the one that the same thread most likely takes next
};

// One after another on this thread.
Loop loop_alone();
// On the lane's threads, which wake for it: for long loops.
Loop loop_shared();

// The lane's threads for loops that follow closely upon one another, a hundred in an encoding. OpenMP's
// threads sleep between two loops (a spinning barrier stops everybody where a neighbour is busy), and waking
// one takes longer than such a loop: one picture took 17 ms so, and 13 ms with this. Here they spin for some
// microseconds before they sleep.
class Team {
 public:
  // Calls job(loop) on this thread; the others help with what it loops over.
  static void run(const std::function<void(const Loop& loop)>& job);

 private:
  using Body = std::function<void(int64_t, int64_t)>;

  void share(int64_t count, const Body& body);
  void help(int64_t thread);
  void take_part(int64_t thread);
  void wake();

  // Written while the loop is closed and nobody is inside.
  const Body* body_ = nullptr;
  std::atomic<int64_t> count_{0};
  std::atomic<int64_t> next_{0};
  std::atomic<bool> open_{false};
  std::atomic<int32_t> inside_{0};  // helpers
  std::atomic<bool> over_{false};
  std::atomic<uint32_t> changes_{0};  // what a helper that sleeps waits for
};

}  // namespace clip4j
