#include "search/search.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>

#include "base/accounting.h"
#include "base/boundary.h"
#include "base/cpu.h"
#include "base/error.h"
#include "clip4j_search.h"
#include "search/normalize.h"

using clip4j::fail;
using clip4j::translate_exceptions;
using clip4j::search::Similarity;

struct clip4j_index {
  clip4j_index(const float* rows, int64_t n, int32_t dimension)
      : segment(clip4j::search::encode(rows, n, dimension),
                std::make_shared<clip4j::search::MemoryRows>(rows, dimension)) {}

  clip4j::CountedHandle handle;
  clip4j::search::Segment segment;
};

namespace {

constexpr uintptr_t kAlignment = 64;

// Right in front of every block that clip4j_search_allocate gives out.
struct Header {
  void* start;  // what calloc returned
  int64_t bytes;
};

void check_not_null(const void* pointer, const char* name) {
  if (pointer == nullptr) fail(CLIP4J_INVALID_ARGUMENT, name, " is null");
}

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
    if (n < 0 || dimension < 1) {
      fail(CLIP4J_INVALID_ARGUMENT, "there are no rows of ", n, " x ", dimension, " floats");
    }
    if (n > 0) check_not_null(rows, "rows");
    clip4j::search::normalize(rows, n, dimension);
  });
}

int32_t clip4j_search_index_create(const float* rows, int64_t n, int32_t dimension, clip4j_index** index) {
  return translate_exceptions([&] {
    check_not_null(rows, "rows");
    check_not_null(index, "index");
    *index = new clip4j_index(rows, n, dimension);
  });
}

void clip4j_search_index_free(clip4j_index* index) { delete index; }

int32_t clip4j_search_index_search(const clip4j_index* index, const float* queries, int32_t query_count,
                                   int32_t k, int32_t similarity, int32_t* rows, double* scores) {
  return translate_exceptions([&] {
    check_not_null(index, "index");
    if (query_count < 0) fail(CLIP4J_INVALID_ARGUMENT, "query_count is ", query_count);
    if (similarity != CLIP4J_COSINE && similarity != CLIP4J_DOT) {
      fail(CLIP4J_INVALID_ARGUMENT, "there is no similarity ", similarity);
    }
    if (query_count > 0) {
      check_not_null(queries, "queries");
      check_not_null(rows, "rows");
      check_not_null(scores, "scores");
    }
    const clip4j::search::SegmentView view{&index->segment, nullptr, 0};
    const int64_t wanted = k;
    const clip4j::search::Request request{
        .k = {&wanted, 1}, .similarity = similarity == CLIP4J_DOT ? Similarity::kDot : Similarity::kCosine};
    clip4j::search::Hits hits;
    clip4j::search::search({&view, 1}, queries, query_count, request,
                           clip4j::search::kernel(clip4j::instruction_set()), hits);
    std::copy(hits.row.begin(), hits.row.end(), rows);
    std::copy(hits.score.begin(), hits.score.end(), scores);
  });
}

const char* clip4j_search_kernel(void) { return clip4j::name(clip4j::instruction_set()); }

int32_t clip4j_search_threads(void) { return clip4j::hardware_threads(); }
