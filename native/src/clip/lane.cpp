#include "clip/lane.h"

#include <pthread.h>

#include <utility>

#include "base/signal_mask.h"
#include "torch/ops.h"

namespace clip4j {

Lane::Run::Run(Lane& lane, std::function<void()> job) : lane_(lane), job_(std::move(job)) {
  {
    const std::lock_guard lock(lane_.mutex_);
    lane_.jobs_.push_back(this);
  }
  lane_.wake_.notify_one();
}

Lane::Run::~Run() { wait_until_done(); }

void Lane::Run::wait() {
  wait_until_done();
  if (exception_) std::rethrow_exception(exception_);
}

void Lane::Run::wait_until_done() {
  std::unique_lock lock(lane_.mutex_);
  lane_.done_.wait(lock, [this] { return done_; });
}

Lane::Lane(int threads) {
  {
    const SignalMask mask;  // which the OpenMP threads that it will start inherit
    thread_ = std::thread([this] { work(); });
  }
  pthread_setname_np(thread_.native_handle(), "clip4j-lane");
  try {
    run([threads] { torch::prepare_thread(threads); });
  } catch (...) {
    stop();
    throw;
  }
}

Lane::~Lane() { stop(); }

void Lane::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Lane::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Run& run = *jobs_.front();
    jobs_.pop_front();
    lock.unlock();
    try {
      run.job_();
    } catch (...) {
      run.exception_ = std::current_exception();
    }
    lock.lock();
    run.done_ = true;
    done_.notify_all();
  }
}

}  // namespace clip4j
