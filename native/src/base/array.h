#pragma once

#include <cstdint>
#include <span>

#include "base/accounting.h"
#include "base/aligned_memory.h"

namespace clip4j {

// AlignedMemory that is counted in live_bytes.
template <typename T>
class Array {
 public:
  Array() = default;
  explicit Array(int64_t size) : values_(allocate_aligned<T>(size)), size_(size), counted_(bytes()) {}

  T* data() { return values_.get(); }
  const T* data() const { return values_.get(); }
  T& operator[](int64_t i) { return values_.get()[i]; }
  const T& operator[](int64_t i) const { return values_.get()[i]; }
  int64_t size() const { return size_; }
  int64_t bytes() const { return size_ * static_cast<int64_t>(sizeof(T)); }
  std::span<T> span() { return {data(), static_cast<size_t>(size_)}; }
  std::span<const T> span() const { return {data(), static_cast<size_t>(size_)}; }

 private:
  AlignedMemory<T> values_;
  int64_t size_ = 0;
  CountedBytes counted_;
};

}  // namespace clip4j
