#include "search/search.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <span>

#include "api/hits.h"
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

// What a thread keeps of its hits from search to search.
constexpr size_t kKeptHits = 1 << 16;

Similarity checked(int32_t similarity) {
  if (similarity != CLIP4J_COSINE && similarity != CLIP4J_DOT) {
    fail(CLIP4J_INVALID_ARGUMENT, "there is no similarity ", similarity);
  }
  return similarity == CLIP4J_DOT ? Similarity::kDot : Similarity::kCosine;
}

void check_not_null(const void* pointer, const char* name) {
  if (pointer == nullptr) fail(CLIP4J_INVALID_ARGUMENT, name, " is null");
}

void find(const clip4j_index* index, const float* queries, int32_t query_count,
          const clip4j::search::Request& request, const uint64_t* allowed, clip4j::search::Hits& hits) {
  check_not_null(index, "index");
  if (query_count < 0) fail(CLIP4J_INVALID_ARGUMENT, "query_count is ", query_count);
  if (query_count > 0) check_not_null(queries, "queries");
  const clip4j::search::SegmentView view{&index->segment, allowed, 0};
  clip4j::search::search({&view, 1}, queries, query_count, request,
                         clip4j::search::kernel(clip4j::instruction_set()), hits);
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

int64_t clip4j_search_index_bytes(const clip4j_index* index) { return index->segment.bytes(); }

int32_t clip4j_search_index_search(const clip4j_index* index, const float* queries, int32_t query_count,
                                   int32_t k, int32_t similarity, int32_t* rows, double* scores) {
  return translate_exceptions([&] {
    if (query_count > 0) {
      check_not_null(rows, "rows");
      check_not_null(scores, "scores");
    }
    thread_local clip4j::search::Hits hits;
    const int64_t wanted = k;
    find(index, queries, query_count, {.k = {&wanted, 1}, .similarity = checked(similarity)}, nullptr, hits);
    std::copy(hits.row.begin(), hits.row.end(), rows);
    std::copy(hits.score.begin(), hits.score.end(), scores);
    if (hits.row.size() > kKeptHits) hits = {};
  });
}

int32_t clip4j_search_index_find(const clip4j_index* index, const float* queries, int32_t query_count,
                                 const int64_t* k, int32_t k_count, double minimum_score, int32_t similarity,
                                 const uint64_t* allowed, clip4j_hits* hits) {
  return translate_exceptions([&] {
    check_not_null(k, "k");
    check_not_null(hits, "hits");
    if (k_count != 1 && k_count != query_count) {
      fail(CLIP4J_INVALID_ARGUMENT, "k_count must be 1 or query_count, not ", k_count);
    }
    find(index, queries, query_count,
         {.k = {k, static_cast<size_t>(k_count)},
          .minimum_score = minimum_score,
          .similarity = checked(similarity)},
         allowed, hits->hits);
  });
}

int32_t clip4j_search_hits_create(clip4j_hits** hits) {
  return translate_exceptions([&] {
    check_not_null(hits, "hits");
    *hits = new clip4j_hits();
  });
}

void clip4j_search_hits_free(clip4j_hits* hits) { delete hits; }

const int64_t* clip4j_search_hits_offsets(const clip4j_hits* hits) { return hits->hits.offset.data(); }

const int64_t* clip4j_search_hits_rows(const clip4j_hits* hits) { return hits->hits.row.data(); }

const double* clip4j_search_hits_scores(const clip4j_hits* hits) { return hits->hits.score.data(); }

int64_t clip4j_search_hits_rescored(const clip4j_hits* hits) { return hits->hits.rescored; }

const char* clip4j_search_kernel(void) { return clip4j::name(clip4j::instruction_set()); }

int32_t clip4j_search_threads(void) { return clip4j::hardware_threads(); }
