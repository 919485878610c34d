#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace clip4j::search {

// The score that a row must reach to be among a query's best k, as far as all threads that scan have found
// out: what k rows are certain to reach.
class alignas(64) Threshold {
 public:
  // Scores below `minimum` do not matter. kAllRows: nothing else is too low.
  void reset(int64_t k, double minimum);

  double value() const { return value_.load(std::memory_order_relaxed); }
  // Different rows score at least this; of each row it is told once.
  void add(std::span<const double> lower);
  // k rows score at least `value`.
  void raise(double value);

  int64_t bytes() const { return static_cast<int64_t>(best_.capacity() * sizeof(double)); }

 private:
  void add_one(double lower);
  void set_at_least(double value);

  std::atomic<double> value_;
  std::mutex mutex_;  // of the rest, and of whoever changes the value
  int64_t k_;
  // The greatest that add() was told; when there are k, a heap with the least on top.
  std::vector<double> best_;
};

}  // namespace clip4j::search
