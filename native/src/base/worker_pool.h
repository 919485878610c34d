#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace clip4j {

// Threads that run loops for any number of callers at once. A caller works on its own loop too, so a loop
// ends even when every worker is busy, and a body may itself call parallel_for.
//
// A pool that lives as long as the process is never destroyed (`static WorkerPool& p = *new
// WorkerPool(...)`): joining threads from exit() can deadlock.
class WorkerPool {
 public:
  // `threads` counts the caller: threads - 1 workers are started, none when threads <= 1. `name` shows up in
  // debuggers and /proc; at most 15 bytes of it.
  WorkerPool(int threads, const std::string& name);
  // No parallel_for may be running.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(0) ... body(count - 1), in any order, on this thread and the workers, and returns when all are
  // done. After an exception no further index is begun, and the first exception is thrown from here.
  void parallel_for(int64_t count, const std::function<void(int64_t)>& body);

 private:
  struct Job;

  void work();
  void run(Job& job, std::unique_lock<std::mutex>& lock);
  void forget(const Job& job);
  void stop();

  std::mutex mutex_;
  std::condition_variable wake_;  // a job was queued, or stopping_
  std::condition_variable left_;  // a worker left a job
  std::deque<Job*> jobs_;         // those with an index not yet begun
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace clip4j
