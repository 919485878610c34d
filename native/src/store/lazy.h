#pragma once

#include <atomic>
#include <memory>
#include <mutex>

namespace clip4j::store {

// A value that is made when it is first needed, by one thread while the others wait; afterwards getting it
// takes no lock. Where making it throws, the next call tries again. (std::call_once does not survive
// exceptions under ThreadSanitizer.)
template <typename Value>
class Lazy {
 public:
  template <typename Make>  // returns a std::unique_ptr<const Value>
  const Value& get(const Make& make) const {
    if (const Value* value = peek()) return *value;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (value_ == nullptr) {
      value_ = make();
      ready_.store(value_.get(), std::memory_order_release);
    }
    return *value_;
  }

  // Null as long as it was not needed.
  const Value* peek() const { return ready_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  mutable std::unique_ptr<const Value> value_;
  mutable std::atomic<const Value*> ready_{nullptr};
};

}  // namespace clip4j::store
