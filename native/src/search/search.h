#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "search/bound.h"
#include "search/kernels/kernel.h"
#include "search/segment.h"

namespace clip4j::search {

// A k that leaves out no row: a range search, with a minimum score.
constexpr int64_t kAllRows = std::numeric_limits<int64_t>::max();

struct Request {
  // One for all queries, or one a query; at least 1 each.
  std::span<const int64_t> k;
  // Rows that score less are no hits.
  double minimum_score = -std::numeric_limits<double>::infinity();
  Similarity similarity = Similarity::kCosine;
  // The number of the first query, for messages alone.
  int64_t first_query = 0;
};

// The hits of query q are entries offset[q] to offset[q + 1] - 1. Reused from search to search, it takes no
// new memory.
struct Hits {
  std::vector<int64_t> offset;  // [query_count + 1]
  std::vector<int64_t> row;     // numbers as in SegmentView
  std::vector<double> score;
  // Rows of all queries whose float32 values were read: what the codes left in doubt, and the hits
  // themselves.
  int64_t rescored = 0;

  void clear() {
    offset.clear();
    row.clear();
    score.clear();
    rescored = 0;
  }
  // Takes over the hits of further queries; `part` has no offset 0.
  void append(const Hits& part) {
    const auto before = static_cast<int64_t>(row.size());
    for (const int64_t end : part.offset) offset.push_back(before + end);
    row.insert(row.end(), part.row.begin(), part.row.end());
    score.insert(score.end(), part.score.begin(), part.score.end());
    rescored += part.rescored;
  }
};

// The best rows of each query, the best first, equal scores by row number. A score is float64 arithmetic
// (exact.h) on the stored float32 values, whatever the kernel, the segments and the number of threads: for
// kDot exact_dot, for kCosine that divided by both norms, 0 for a row of zeros. Queries are row-major, of the
// segments' dimension. Throws, naming the query, when one is not finite, or zero and cosine is asked
// for.
void search(std::span<const SegmentView> segments, int32_t dimension, const float* queries,
            int64_t query_count, const Request& request, const Kernel& kernel, Hits& hits);

// What search() throws for a request and queries that make no sense.
void check(const Request& request, const float* queries, int64_t query_count, int32_t dimension,
           const Kernel& kernel);

}  // namespace clip4j::search
