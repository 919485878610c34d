#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

// Counts of what this library has given out, for live_bytes() and live_handles().
namespace clip4j {

inline std::atomic<int64_t> live_bytes{0};
inline std::atomic<int64_t> live_handles{0};

// A member of every object that holds a share of native memory: counts `bytes` while it lives.
class CountedBytes {
 public:
  explicit CountedBytes(int64_t bytes = 0) { add(bytes); }
  ~CountedBytes() { live_bytes.fetch_sub(bytes_, std::memory_order_relaxed); }
  CountedBytes(CountedBytes&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)) {}
  CountedBytes& operator=(CountedBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  // Not for several threads at once.
  void add(int64_t bytes) {
    bytes_ += bytes;
    live_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  int64_t bytes() const { return bytes_; }

 private:
  int64_t bytes_ = 0;
};

// A member of every object whose address crosses the ABI.
class CountedHandle {
 public:
  CountedHandle() { live_handles.fetch_add(1, std::memory_order_relaxed); }
  ~CountedHandle() { live_handles.fetch_sub(1, std::memory_order_relaxed); }
  CountedHandle(const CountedHandle&) = delete;
  CountedHandle& operator=(const CountedHandle&) = delete;
};

}  // namespace clip4j
