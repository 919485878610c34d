#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

// Memory for kernels, which may be large.
namespace clip4j {

constexpr size_t kLargePage = size_t{2} << 20;

// Rows that a search reads here and there cost a third less where pages are large, and fetching ahead stops
// at the end of a page (an encoder's weights of 8 bits: 5% of the time of 32 pictures, a quarter of that of
// one). A wish: failing is no error.
inline void wish_for_large_pages(void* memory, size_t bytes) {
  if (bytes < kLargePage) return;
  constexpr uintptr_t page = 4096;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(memory), first = (begin + page - 1) / page * page;
  madvise(reinterpret_cast<void*>(first), begin + bytes - first, MADV_HUGEPAGE);
}

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

// Plain values on the heap, uninitialised, aligned for every kernel. Large ones ask for large pages.
template <typename T>
using AlignedMemory = std::unique_ptr<T, Free>;

template <typename T>
AlignedMemory<T> allocate_aligned(int64_t count) {
  const size_t bytes = static_cast<size_t>(count) * sizeof(T),
               alignment = bytes >= kLargePage ? kLargePage : 64,
               rounded = (bytes + alignment - 1) / alignment * alignment;
  if (rounded == 0) return nullptr;
  AlignedMemory<T> memory(static_cast<T*>(std::aligned_alloc(alignment, rounded)));
  if (memory == nullptr) throw std::bad_alloc();
  wish_for_large_pages(memory.get(), rounded);
  return memory;
}

}  // namespace clip4j
