#include "search/search.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "search/guess.h"
#include "search/idle_scan.h"
#include "search/parallel.h"
#include "search/scan.h"

namespace clip4j::search {
namespace {

constexpr int64_t kMostQueries = 256;           // of a batch: their codes share a cache with a tile of rows
constexpr int64_t kCandidateBytes = 128 << 20;  // of a batch
// Multiplications that are worth another thread: 60 microseconds.
constexpr int64_t kThreadProducts = 1 << 24;
// Codes that are worth sharing among threads when queries can be instead.
constexpr int64_t kThreadBytes = 8 << 20;

const Kernel& fitting(const Kernel& kernel, int32_t query_count) {
  return kernel.for_few != nullptr && 2 * query_count <= kernel.for_few->packing.columns ? *kernel.for_few
                                                                                         : kernel;
}

// So many that their candidates fit. A range search has as many as hits, which the caller has room for.
int64_t most_queries(const Request& request, int64_t rows, int64_t threads) {
  int64_t k = 1;
  for (const int64_t one : request.k) k = std::max(k, one == kAllRows ? 1 : std::min(one, rows));
  const int64_t bytes = 2 * k * threads * static_cast<int64_t>(sizeof(Candidate));
  return std::clamp<int64_t>(kCandidateBytes / bytes, 1, kMostQueries);
}

void run(const Batch& batch, Hits& hits) {
  const IdleScan scan;
  if (guessing_pays(batch)) {
    run_with_guess(batch, *scan, hits);
  } else {
    scan->run(batch, hits);
  }
}

}  // namespace

void check(const Request& request, const float* queries, int64_t query_count, int32_t dimension,
           const Kernel& kernel) {
  for (const int64_t k : request.k) {
    if (k < 1) fail(CLIP4J_INVALID_ARGUMENT, "k must be at least 1, not ", k);
  }
  if (std::isnan(request.minimum_score)) fail(CLIP4J_INVALID_ARGUMENT, "the minimum score is not a number");
  for (int64_t q = 0; q < query_count; ++q) {
    const float* query = queries + q * dimension;
    const double square = kernel.arithmetic.dot(query, query, dimension);
    if (!std::isfinite(square)) {
      fail(CLIP4J_INVALID_ARGUMENT, "query ", request.first_query + q, " has a value that is not finite");
    }
    if (square == 0 && request.similarity == Similarity::kCosine) {
      fail(CLIP4J_INVALID_ARGUMENT, "query ", request.first_query + q, " is zero: it has no cosine");
    }
  }
}

void search(std::span<const SegmentView> segments, int32_t dimension, const float* queries,
            int64_t query_count, const Request& request, const Kernel& kernel, Hits& hits) {
  const DefaultFloatingPoint environment;
  check(request, queries, query_count, dimension, kernel);
  hits.clear();
  int64_t rows = 0, bytes = 0;
  for (const SegmentView& view : segments) {
    rows += view.segment->rows();
    bytes += view.segment->codes().values.bytes();
  }
  if (rows == 0 || query_count == 0) {
    hits.offset.assign(query_count + 1, 0);
    return;
  }
  hits.offset.push_back(0);
  const double products = static_cast<double>(bytes) * static_cast<double>(query_count);
  const auto threads =
      static_cast<int32_t>(std::clamp<double>(products / kThreadProducts, 1, thread_count()));
  const auto batch = [&](int64_t first, int64_t most, int32_t workers) -> Batch {
    const auto count = static_cast<int32_t>(std::min(most, query_count - first));
    return {segments, queries, first, count, rows, bytes, request, fitting(kernel, count), workers};
  };
  const int64_t most = most_queries(request, rows, threads);
  if (threads > 1 && query_count > 1 && bytes < kThreadBytes * threads) {
    const int64_t share = std::min(most, divide_up(query_count, threads));
    std::vector<Hits> parts(divide_up(query_count, share));
    parallel(static_cast<int64_t>(parts.size()),
             [&](int64_t i) { run(batch(i * share, share, 1), parts[i]); });
    for (const Hits& part : parts) hits.append(part);
    return;
  }
  for (int64_t first = 0; first < query_count; first += most) run(batch(first, most, threads), hits);
}

}  // namespace clip4j::search
