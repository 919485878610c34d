#include "truth.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "search/parallel.h"

namespace clip4j::bench {
namespace {

constexpr int32_t kLanes = 8;
constexpr int64_t kMostAtOnce = 32;  // queries that a row is compared with while it is in the cache

// Vectors of float32 as float64, with zeros up to a multiple of eight.
class Doubles {
 public:
  Doubles(const float* from, int64_t count, int32_t dimension)
      : stride_((dimension + kLanes - 1) / kLanes * kLanes), values_(count * stride_) {
    for (int64_t i = 0; i < count; ++i) set(i, from + i * dimension, dimension);
  }
  void set(int64_t i, const float* from, int32_t dimension) {
    std::copy_n(from, dimension, values_.data() + i * stride_);
  }
  const double* row(int64_t i) const { return values_.data() + i * stride_; }
  int64_t stride() const { return stride_; }

 private:
  int64_t stride_;
  std::vector<double> values_;
};

// The arithmetic of search/exact.h: eight partial sums, added pairwise. Four queries at a time, whose sums do
// not wait for each other.
[[gnu::target_clones("avx512f", "avx2", "default")]] void dots(const double* row, const double* queries,
                                                               int64_t count, int64_t stride,
                                                               double* products) {
  using Lanes [[gnu::vector_size(kLanes * sizeof(double))]] = double;
  constexpr int32_t group = 4;
  for (int64_t first = 0; first < count; first += group) {
    const double* query[group];
    for (int32_t q = 0; q < group; ++q) query[q] = queries + std::min(first + q, count - 1) * stride;
    Lanes sums[group] = {}, x, y;
    for (int64_t i = 0; i < stride; i += kLanes) {
      std::memcpy(&x, row + i, sizeof(x));
      for (int32_t q = 0; q < group; ++q) {
        std::memcpy(&y, query[q] + i, sizeof(y));
        sums[q] += x * y;
      }
    }
    for (int32_t q = 0; q < group && first + q < count; ++q) {
      const Lanes& s = sums[q];
      products[first + q] = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }
  }
}

double norm(const Doubles& vectors, int64_t i) {
  double square = 0;
  dots(vectors.row(i), vectors.row(i), 1, vectors.stride(), &square);
  return std::sqrt(square);
}

// The score, negated so that sorting puts the best first, and the row.
using Scored = std::pair<double, int64_t>;

// The rows of each query that score at least as much as its last hit.
std::vector<std::vector<Scored>> rows_to_find(const search::SegmentView& view, const search::Request& request,
                                              const float* queries, int64_t count,
                                              const std::vector<double>& least) {
  const int32_t dimension = view.segment->dimension();
  const bool cosine = request.similarity == search::Similarity::kCosine;
  const Doubles wanted(queries, count, dimension);
  Doubles row(queries, 1, dimension);
  std::vector<double> norms, products(count);
  for (int64_t q = 0; q < count; ++q) norms.push_back(norm(wanted, q));
  std::vector<std::vector<Scored>> found(count);
  for (int64_t r = 0; r < view.segment->rows(); ++r) {
    if (view.allowed != nullptr && (view.allowed[r / 64] >> r % 64 & 1) == 0) continue;
    row.set(0, view.segment->source().row(r, nullptr), dimension);
    dots(row.row(0), wanted.row(0), count, row.stride(), products.data());
    const double row_norm = cosine ? norm(row, 0) : 1;
    for (int64_t q = 0; q < count; ++q) {
      double score = products[q];
      if (cosine) score = row_norm == 0 ? 0 : std::clamp(score / norms[q] / row_norm, -1.0, 1.0);
      if (score >= least[q]) found[q].emplace_back(-score, r);
    }
  }
  return found;
}

}  // namespace

int64_t wrong_queries(const search::SegmentView& view, const search::Request& request, const float* queries,
                      int64_t count, const search::Hits& hits) {
  const int64_t share = std::clamp<int64_t>(count / search::thread_count(), 1, kMostAtOnce);
  std::atomic<int64_t> wrong{0};
  search::parallel((count + share - 1) / share, [&](int64_t piece) {
    const int64_t first = piece * share, size = std::min(share, count - first);
    const int64_t* offset = hits.offset.data() + first;
    std::vector<double> least(size, request.minimum_score);
    for (int64_t q = 0; q < size; ++q) {
      if (offset[q + 1] - offset[q] == request.k[0]) {
        least[q] = std::max(least[q], hits.score[offset[q + 1] - 1]);
      }
    }
    auto found = rows_to_find(view, request, queries + first * view.segment->dimension(), size, least);
    for (int64_t q = 0; q < size; ++q) {
      std::sort(found[q].begin(), found[q].end());
      const int64_t expected = std::min(request.k[0], static_cast<int64_t>(found[q].size()));
      bool equal = offset[q + 1] - offset[q] == expected;
      for (int64_t i = 0; equal && i < expected; ++i) {
        const int64_t hit = offset[q] + i;
        equal = hits.row[hit] == found[q][i].second && hits.score[hit] == -found[q][i].first;
      }
      if (!equal) ++wrong;
    }
  });
  return wrong;
}

}  // namespace clip4j::bench
