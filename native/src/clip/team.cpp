#include "clip/team.h"

#include <exception>
#include <thread>

#include "torch/ops.h"

namespace clip4j {
namespace {

constexpr int kSpins = 4000;  // some 50 microseconds

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Loop loop_alone() {
  return {[](int64_t count, const std::function<void(int64_t, int64_t)>& body) {
            for (int64_t i = 0; i < count; ++i) body(i, 0);
          },
          1};
}

Loop loop_shared() { return {torch::parallel_for, 1}; }

void Team::run(const std::function<void(const Loop&)>& job) {
  Team team;
  const Loop loop{[&team](int64_t count, const Body& body) { team.share(count, body); },
                  torch::thread_count()};
  std::exception_ptr failure;
  // Should OpenMP have fewer threads to give, a helper's turn comes when the job is over.
  torch::parallel_for(torch::thread_count(), [&](int64_t index, int64_t thread) {
    if (index != 0) return team.help(thread);
    try {
      job(loop);
    } catch (...) {
      failure = std::current_exception();
    }
    team.over_ = true;
    team.wake();
  });
  if (failure) std::rethrow_exception(failure);
}

void Team::share(int64_t count, const Body& body) {
  body_ = &body;
  count_ = count;
  next_ = 0;
  open_ = true;
  wake();
  take_part(0);
  // Who comes from now on finds it closed and leaves.
  open_ = false;
  for (int spins = 0; inside_ != 0; ++spins) spins < kSpins ? pause() : std::this_thread::yield();
}

void Team::help(int64_t thread) {
  for (int spins = 0;;) {
    // Before anything that wake() tells of is looked at, else a helper could sleep through the last change.
    const uint32_t changes = changes_;
    if (over_) return;
    if (open_ && next_ < count_) {
      ++inside_;
      if (open_) take_part(thread);
      --inside_;
      spins = 0;
    } else if (++spins < kSpins) {
      pause();
    } else {
      changes_.wait(changes);
    }
  }
}

void Team::take_part(int64_t thread) {
  for (int64_t i; (i = next_.fetch_add(1)) < count_;) (*body_)(i, thread);
}

void Team::wake() {
  ++changes_;
  changes_.notify_all();
}

}  // namespace clip4j
