#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/accounting.h"

namespace clip4j {

// Floats on the heap, uninitialised, counted in live_bytes.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t size)
      : values_(std::make_unique_for_overwrite<float[]>(static_cast<size_t>(size))),
        size_(size),
        counted_(size * static_cast<int64_t>(sizeof(float))) {}

  float* data() const { return values_.get(); }
  int64_t size() const { return size_; }
  std::span<float> span() const { return {values_.get(), static_cast<size_t>(size_)}; }

 private:
  std::unique_ptr<float[]> values_;
  int64_t size_ = 0;
  CountedBytes counted_;
};

}  // namespace clip4j
