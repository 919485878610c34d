#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace clip4j {

// How many rows of tokens a tower takes at once. On a device it may be too many for the memory that is free:
// whatever fails there is tried again in halves, which stay the limit. (Until 2.13 libtorch does not say what
// failed. What is no matter of memory fails for one item too.) Safe from any thread.
class BatchLimit {
 public:
  BatchLimit(int64_t rows, bool may_shrink) : rows_(rows), may_shrink_(may_shrink) {}

  int64_t rows() const { return rows_.load(std::memory_order_relaxed); }
  int32_t times_halved() const { return times_halved_.load(std::memory_order_relaxed); }

  // Runs a batch of so many items, of so many rows in all; false where it is to be tried in smaller ones.
  bool run(int64_t items, int64_t rows, const std::function<void()>& batch);

 private:
  std::atomic<int64_t> rows_;
  std::atomic<int32_t> times_halved_{0};
  const bool may_shrink_;
};

}  // namespace clip4j
