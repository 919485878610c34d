#include "search/search.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "search/exact.h"
#include "search/parallel.h"

namespace clip4j::search {

void search(std::span<const SegmentView> segments, const float* queries, int64_t query_count,
            const Request& request, const Kernel&, Hits& hits) {
  const DefaultFloatingPoint environment;
  for (const int64_t k : request.k) {
    if (k < 1) fail(CLIP4J_INVALID_ARGUMENT, "k must be at least 1, not ", k);
  }
  hits.offset.assign(1, 0);
  hits.row.clear();
  hits.score.clear();
  hits.rescored = 0;
  const int32_t dimension = segments.empty() ? 0 : segments[0].segment->dimension();
  struct Hit {
    double score;
    int64_t row;
  };
  std::vector<Hit> found;
  std::vector<float> scratch(dimension);
  for (int64_t q = 0; q < query_count; ++q) {
    const float* query = queries + q * dimension;
    const double query_norm = exact_norm(query, dimension);
    if (!std::isfinite(query_norm)) {
      fail(CLIP4J_INVALID_ARGUMENT, "query ", q, " has a value that is not finite");
    }
    if (query_norm == 0 && request.similarity == Similarity::kCosine) {
      fail(CLIP4J_INVALID_ARGUMENT, "query ", q, " is zero: it has no cosine");
    }
    found.clear();
    for (const SegmentView& view : segments) {
      for (int64_t r = 0; r < view.segment->rows(); ++r) {
        if (view.allowed != nullptr && (view.allowed[r / 64] >> (r % 64) & 1) == 0) continue;
        double score = exact_dot(query, view.segment->source().row(r, scratch.data()), dimension);
        if (request.similarity == Similarity::kCosine) {
          const double norm = view.segment->codes().norm[r];
          score = norm == 0 ? 0 : std::clamp(score / query_norm / norm, -1.0, 1.0);
        }
        ++hits.rescored;
        if (score >= request.minimum_score) found.push_back({score + 0.0, view.first_row + r});
      }
    }
    std::sort(found.begin(), found.end(), [](const Hit& a, const Hit& b) {
      return a.score != b.score ? a.score > b.score : a.row < b.row;
    });
    const auto k = static_cast<uint64_t>(request.k[request.k.size() == 1 ? 0 : q]);
    if (found.size() > k) found.resize(k);
    for (const Hit& hit : found) {
      hits.row.push_back(hit.row);
      hits.score.push_back(hit.score);
    }
    hits.offset.push_back(static_cast<int64_t>(hits.row.size()));
  }
}

}  // namespace clip4j::search
