#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "api/arguments.h"
#include "base/accounting.h"
#include "base/aligned_memory.h"
#include "base/boundary.h"
#include "base/cpu.h"
#include "clip4j_search.h"
#include "search/normalize.h"

using clip4j::deref;
using clip4j::fail;
using clip4j::translate_exceptions;

namespace {

constexpr uintptr_t kAlignment = 64;

// Right in front of every block that clip4j_search_allocate gives out.
struct Header {
  void* start;  // what calloc returned
  int64_t bytes;
};

}  // namespace

const char* clip4j_search_last_error(void) { return clip4j::last_error(); }

int64_t clip4j_search_live_bytes(void) { return clip4j::live_bytes.load(std::memory_order_relaxed); }

int64_t clip4j_search_live_handles(void) { return clip4j::live_handles.load(std::memory_order_relaxed); }

void* clip4j_search_allocate(int64_t bytes) {
  constexpr int64_t overhead = sizeof(Header) + kAlignment;
  if (bytes < 0 || bytes > std::numeric_limits<int64_t>::max() - overhead) return nullptr;
  // calloc has large blocks from the kernel, zeroed already; aligned_alloc and memset would touch every page.
  void* start = std::calloc(1, static_cast<size_t>(bytes + overhead));
  if (start == nullptr) return nullptr;
  clip4j::wish_for_large_pages(start, static_cast<size_t>(bytes + overhead));
  const uintptr_t end = reinterpret_cast<uintptr_t>(start) + overhead;
  void* memory = reinterpret_cast<void*>(end - end % kAlignment);
  static_cast<Header*>(memory)[-1] = {start, bytes};
  clip4j::live_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return memory;
}

void clip4j_search_release(void* memory) {
  if (memory == nullptr) return;
  const Header header = static_cast<Header*>(memory)[-1];
  clip4j::live_bytes.fetch_sub(header.bytes, std::memory_order_relaxed);
  std::free(header.start);
}

int32_t clip4j_search_normalize(float* rows, int64_t n, int32_t dimension) {
  return translate_exceptions([&] {
    if (n < 0) fail(CLIP4J_INVALID_ARGUMENT, "the number of rows is ", n);
    if (n > 0) deref(rows, "rows");
    clip4j::search::normalize(rows, n, dimension);
  });
}

const char* clip4j_search_kernel(void) { return clip4j::name(clip4j::instruction_set()); }

int32_t clip4j_search_threads(void) {
  int32_t threads = 1;
  translate_exceptions([&] { threads = clip4j::hardware_threads(); });
  return threads;
}
