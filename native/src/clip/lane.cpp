#include "clip/lane.h"

#include <pthread.h>

#include <exception>

#include "base/signal_mask.h"
#include "torch/ops.h"

namespace clip4j {

// Lives on its caller's stack until it is done.
struct Lane::Job {
  const std::function<void()>& body;
  std::exception_ptr exception = nullptr;
  bool done = false;  // guarded by mutex_
};

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

void Lane::run(const std::function<void()>& body) {
  Job job{body};
  std::unique_lock lock(mutex_);
  jobs_.push_back(&job);
  wake_.notify_one();
  done_.wait(lock, [&job] { return job.done; });
  lock.unlock();
  if (job.exception) std::rethrow_exception(job.exception);
}

void Lane::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job& job = *jobs_.front();
    jobs_.pop_front();
    lock.unlock();
    try {
      job.body();
    } catch (...) {
      job.exception = std::current_exception();
    }
    lock.lock();
    job.done = true;
    done_.notify_all();
  }
}

}  // namespace clip4j
