#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "clip/buffer.h"

namespace clip4j {

// Buffers of calls that have ended, for calls to come: to get large memory from the system, cleared, takes
// longer than to fill it. Safe from any thread.
class BufferStock {
 public:
  BufferStock() { idle_.reserve(kMostIdle); }

  // A buffer that returns to its stock, which must outlive it.
  class Loan {
   public:
    ~Loan() { stock_.take_back(std::move(buffer_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    float* data() const { return values_; }

   private:
    friend class BufferStock;
    Loan(BufferStock& stock, Buffer buffer)
        : stock_(stock), buffer_(std::move(buffer)), values_(buffer_.data()) {}

    BufferStock& stock_;
    Buffer buffer_;
    float* const values_;
  };

  // At least `size` floats, uninitialised.
  Loan lend(int64_t size) {
    {
      const std::lock_guard lock(mutex_);
      const auto fits = std::ranges::find_if(idle_, [&](const Buffer& idle) { return idle.size() >= size; });
      if (fits != idle_.end()) {
        std::swap(*fits, idle_.back());
        Buffer buffer = std::move(idle_.back());
        idle_.pop_back();
        return {*this, std::move(buffer)};
      }
    }
    return {*this, Buffer(size)};
  }

  int64_t idle_bytes() const {
    const std::lock_guard lock(mutex_);
    int64_t bytes = 0;
    for (const Buffer& idle : idle_) bytes += idle.bytes();
    return bytes;
  }

 private:
  // One for a call that computes, one for the next, which comes meanwhile.
  static constexpr size_t kMostIdle = 2;

  // Keeps the largest.
  void take_back(Buffer buffer) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMostIdle) {
      idle_.push_back(std::move(buffer));
    } else if (Buffer& least = *std::ranges::min_element(idle_, {}, &Buffer::size);
               least.size() < buffer.size()) {
      std::swap(least, buffer);
    }
  }

  mutable std::mutex mutex_;
  std::vector<Buffer> idle_;
};

}  // namespace clip4j
