#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include "base/accounting.h"

namespace clip4j {

// Floats on the heap, uninitialised, aligned for every kernel, counted in live_bytes. Many ask for large
// pages: fetching ahead stops at the end of a page (weights of 8 bits: 5% of the time of 32 pictures, a
// quarter of that of one).
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t size) : size_(size), counted_(size * static_cast<int64_t>(sizeof(float))) {
    constexpr size_t line = 64, large_page = size_t{2} << 20;
    const size_t bytes = static_cast<size_t>(size) * sizeof(float),
                 alignment = bytes < large_page ? line : large_page;
    void* memory = nullptr;
    if (posix_memalign(&memory, alignment, bytes) != 0) throw std::bad_alloc();
    values_.reset(static_cast<float*>(memory));
    if (alignment == large_page) madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: failing is no error
  }

  float* data() const { return values_.get(); }
  int64_t size() const { return size_; }
  int64_t bytes() const { return counted_.bytes(); }
  std::span<float> span() const { return {values_.get(), static_cast<size_t>(size_)}; }

 private:
  struct Free {
    void operator()(float* values) const { std::free(values); }
  };
  std::unique_ptr<float, Free> values_;
  int64_t size_ = 0;
  CountedBytes counted_;
};

}  // namespace clip4j
