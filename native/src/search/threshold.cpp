#include "search/threshold.h"

#include <algorithm>
#include <functional>

#include "search/search.h"

namespace clip4j::search {

void Threshold::reset(int64_t k, double minimum) {
  k_ = k;
  value_.store(minimum, std::memory_order_relaxed);
  best_.clear();
}

void Threshold::add(std::span<const double> lower) {
  if (k_ == kAllRows) return;
  const std::lock_guard lock(mutex_);
  for (const double one : lower) add_one(one);
}

void Threshold::add_one(double lower) {
  if (static_cast<int64_t>(best_.size()) < k_) {
    best_.push_back(lower);
    if (static_cast<int64_t>(best_.size()) < k_) return;
    std::make_heap(best_.begin(), best_.end(), std::greater<>());
  } else {
    if (lower <= best_.front()) return;
    std::pop_heap(best_.begin(), best_.end(), std::greater<>());
    best_.back() = lower;
    std::push_heap(best_.begin(), best_.end(), std::greater<>());
  }
  set_at_least(best_.front());
}

void Threshold::raise(double value) {
  const std::lock_guard lock(mutex_);
  set_at_least(value);
}

void Threshold::set_at_least(double value) {
  if (value > this->value()) value_.store(value, std::memory_order_relaxed);
}

}  // namespace clip4j::search
