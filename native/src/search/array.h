#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include "base/accounting.h"

namespace clip4j::search {

// Plain values on the heap, uninitialised, aligned for every kernel and counted in live_bytes. Large ones ask
// for large pages.
template <typename T>
class Array {
 public:
  Array() = default;
  explicit Array(int64_t size) : size_(size) {
    constexpr size_t line = 64, large_page = size_t{2} << 20;
    const size_t alignment = static_cast<size_t>(bytes()) >= large_page ? large_page : line;
    const size_t rounded = (static_cast<size_t>(bytes()) + alignment - 1) / alignment * alignment;
    if (rounded == 0) return;
    values_.reset(static_cast<T*>(std::aligned_alloc(alignment, rounded)));
    if (values_ == nullptr) throw std::bad_alloc();
    if (alignment == large_page)
      madvise(values_.get(), rounded, MADV_HUGEPAGE);  // a wish: failing is no error
    counted_ = CountedBytes(bytes());
  }

  T* data() { return values_.get(); }
  const T* data() const { return values_.get(); }
  T& operator[](int64_t i) { return values_.get()[i]; }
  const T& operator[](int64_t i) const { return values_.get()[i]; }
  int64_t size() const { return size_; }
  int64_t bytes() const { return size_ * static_cast<int64_t>(sizeof(T)); }
  std::span<T> span() { return {data(), static_cast<size_t>(size_)}; }
  std::span<const T> span() const { return {data(), static_cast<size_t>(size_)}; }

 private:
  struct Free {
    void operator()(T* values) const { std::free(values); }
  };
  std::unique_ptr<T, Free> values_;
  int64_t size_ = 0;
  CountedBytes counted_;
};

}  // namespace clip4j::search
