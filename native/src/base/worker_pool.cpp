#include "base/worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <exception>

#include "base/signal_mask.h"

namespace clip4j {

// Lives on its caller's stack. Workers find it through jobs_ and count themselves in under the mutex; the
// caller leaves only after it is out of jobs_ and everyone is out of it.
struct WorkerPool::Job {
  Job(const std::function<void(int64_t)>& body, int64_t count) : body(body), count(count) {}

  const std::function<void(int64_t)>& body;
  const int64_t count;
  std::atomic<int64_t> next{0};
  int inside = 0;                // guarded by mutex_
  std::exception_ptr exception;  // guarded by mutex_
};

WorkerPool::WorkerPool(int threads, const std::string& name) {
  const SignalMask mask;
  try {
    for (int i = 1; i < threads; ++i) {
      workers_.emplace_back([this] { work(); });
      pthread_setname_np(workers_.back().native_handle(), name.substr(0, 15).c_str());
    }
  } catch (...) {
    stop();
    throw;
  }
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void WorkerPool::parallel_for(int64_t count, const std::function<void(int64_t)>& body) {
  if (workers_.empty() || count <= 1) {
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  Job job(body, count);
  std::unique_lock<std::mutex> lock(mutex_);
  jobs_.push_back(&job);
  lock.unlock();
  wake_.notify_all();
  lock.lock();
  run(job, lock);
  left_.wait(lock, [&job] { return job.inside == 0; });
  lock.unlock();
  if (job.exception) std::rethrow_exception(job.exception);
}

void WorkerPool::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    run(*jobs_.front(), lock);
  }
}

// Called with the lock held, and returns with it.
void WorkerPool::run(Job& job, std::unique_lock<std::mutex>& lock) {
  ++job.inside;
  lock.unlock();
  std::exception_ptr exception;
  try {
    for (int64_t i; (i = job.next.fetch_add(1, std::memory_order_relaxed)) < job.count;) job.body(i);
  } catch (...) {
    exception = std::current_exception();
    job.next.store(job.count, std::memory_order_relaxed);
  }
  lock.lock();
  if (exception && !job.exception) job.exception = exception;
  forget(job);
  // Not after unlocking: the job ends with its caller's stack frame, left_ does not.
  if (--job.inside == 0) left_.notify_all();
}

void WorkerPool::forget(const Job& job) {
  const auto position = std::find(jobs_.begin(), jobs_.end(), &job);
  if (position != jobs_.end()) jobs_.erase(position);
}

}  // namespace clip4j
