#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include "base/accounting.h"

namespace clip4j::search {

constexpr size_t kLargePage = size_t{2} << 20;

// Rows that a search reads here and there cost a third less where pages are large. A wish: failing is no
// error.
inline void wish_for_large_pages(void* memory, size_t bytes) {
  if (bytes < kLargePage) return;
  constexpr uintptr_t page = 4096;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(memory), first = (begin + page - 1) / page * page;
  madvise(reinterpret_cast<void*>(first), begin + bytes - first, MADV_HUGEPAGE);
}

// Plain values on the heap, uninitialised, aligned for every kernel and counted in live_bytes. Large ones ask
// for large pages.
template <typename T>
class Array {
 public:
  Array() = default;
  explicit Array(int64_t size) : size_(size) {
    const size_t alignment = static_cast<size_t>(bytes()) >= kLargePage ? kLargePage : 64;
    const size_t rounded = (static_cast<size_t>(bytes()) + alignment - 1) / alignment * alignment;
    if (rounded == 0) return;
    values_.reset(static_cast<T*>(std::aligned_alloc(alignment, rounded)));
    if (values_ == nullptr) throw std::bad_alloc();
    wish_for_large_pages(values_.get(), rounded);
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
