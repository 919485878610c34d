#include "search/index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "search/exact.h"

namespace clip4j::search {

Index::Index(const float* rows, int64_t n, int32_t dimension) : rows_(rows), n_(n), dimension_(dimension) {
  if (n < 1 || n > std::numeric_limits<int32_t>::max()) {
    fail(CLIP4J_INVALID_ARGUMENT, "the number of rows must be from 1 to 2147483647, not ", n);
  }
  if (dimension < 1) fail(CLIP4J_INVALID_ARGUMENT, "the dimension must be at least 1, not ", dimension);
  norms_.resize(n);
  for (int64_t row = 0; row < n; ++row) {
    norms_[row] = exact_norm(rows + row * dimension, dimension);
    if (!std::isfinite(norms_[row])) fail(CLIP4J_INVALID_ARGUMENT, "row ", row, " is not finite");
  }
  bytes_ = CountedBytes(static_cast<int64_t>(norms_.size() * sizeof(norms_[0])));
}

void Index::search(const float* queries, int64_t query_count, int64_t k, Similarity similarity, int32_t* rows,
                   double* scores) const {
  if (k < 1) fail(CLIP4J_INVALID_ARGUMENT, "k must be at least 1, not ", k);
  const int64_t hits = std::min(k, n_);
  std::vector<double> all(n_);
  std::vector<int32_t> order(n_);
  for (int64_t q = 0; q < query_count; ++q) {
    const float* query = queries + q * dimension_;
    const double norm = exact_norm(query, dimension_);
    if (!std::isfinite(norm)) fail(CLIP4J_INVALID_ARGUMENT, "query ", q, " is not finite");
    if (similarity == Similarity::kCosine && norm == 0) fail(CLIP4J_INVALID_ARGUMENT, "query ", q, " is zero");
    for (int64_t row = 0; row < n_; ++row) {
      const double dot = exact_dot(query, rows_ + row * dimension_, dimension_);
      all[row] = similarity == Similarity::kDot ? dot : norms_[row] == 0 ? 0 : dot / norm / norms_[row];
    }
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](int32_t a, int32_t b) { return all[a] != all[b] ? all[a] > all[b] : a < b; });
    for (int64_t i = 0; i < hits; ++i) {
      rows[q * hits + i] = order[i];
      scores[q * hits + i] = all[order[i]];
    }
  }
}

void normalize(float* rows, int64_t n, int32_t dimension) {
  for (int64_t row = 0; row < n; ++row) {
    const double norm = exact_norm(rows + row * dimension, dimension);
    if (!std::isfinite(norm)) fail(CLIP4J_INVALID_ARGUMENT, "row ", row, " is not finite");
    if (norm == 0) fail(CLIP4J_INVALID_ARGUMENT, "row ", row, " is zero");
  }
  for (int64_t row = 0; row < n; ++row) {
    float* values = rows + row * dimension;
    const double norm = exact_norm(values, dimension);
    for (int32_t i = 0; i < dimension; ++i) values[i] = static_cast<float>(values[i] / norm);
  }
}

}  // namespace clip4j::search
