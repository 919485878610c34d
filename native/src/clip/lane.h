#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace clip4j {

// The one thread of a model that calls libtorch. OpenMP gives each thread that enters it a pool of threads:
// if callers entered it themselves, 16 of them would grow 34 threads. They queue here instead, in the order
// in which they came.
class Lane {
 public:
  // A job, from when it is queued on. Ends when the job has.
  class Run {
   public:
    Run(Lane& lane, std::function<void()> job);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    // Returns when it is done and throws what it threw.
    void wait();

   private:
    friend class Lane;
    void wait_until_done();

    Lane& lane_;
    const std::function<void()> job_;
    std::exception_ptr exception_;
    bool done_ = false;  // guarded by the lane's mutex_
  };

  // `threads`: how many cores a job may use.
  explicit Lane(int threads);
  // No run may be under way.
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs the job on the lane's thread; returns when it is done and throws what it threw.
  void run(std::function<void()> job) { Run(*this, std::move(job)).wait(); }

 private:
  void work();
  void stop();

  std::mutex mutex_;
  std::condition_variable wake_;  // a job was queued, or stopping_
  std::condition_variable done_;  // a job is done
  std::deque<Run*> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace clip4j
