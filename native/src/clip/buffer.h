#pragma once

#include <cstdint>
#include <span>

#include "base/accounting.h"
#include "base/aligned_memory.h"

namespace clip4j {

// Floats in AlignedMemory, counted in live_bytes.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t size)
      : values_(allocate_aligned<float>(size)),
        size_(size),
        counted_(size * static_cast<int64_t>(sizeof(float))) {}

  float* data() const { return values_.get(); }
  int64_t size() const { return size_; }
  int64_t bytes() const { return counted_.bytes(); }
  std::span<float> span() const { return {values_.get(), static_cast<size_t>(size_)}; }

 private:
  AlignedMemory<float> values_;
  int64_t size_ = 0;
  CountedBytes counted_;
};

}  // namespace clip4j
