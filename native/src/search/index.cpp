#include "search/index.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "search/bound.h"
#include "search/exact.h"
#include "search/parallel.h"

namespace clip4j::search {
namespace {

// Calls body(begin, end) for pieces of 0 ... n - 1 rows, in parallel.
template <typename Body>
void for_each_piece(int64_t n, int32_t dimension, const Body& body) {
  constexpr int64_t piece_floats = 1 << 18;
  const int64_t piece = std::max<int64_t>(1, piece_floats / dimension);
  parallel((n + piece - 1) / piece,
           [&](int64_t i) { body(i * piece, std::min(n, (i + 1) * piece)); });
}

void lower_to(std::atomic<int64_t>& least, int64_t value) {
  int64_t seen = least.load();
  while (value < seen && !least.compare_exchange_weak(seen, value)) {
  }
}

bool safe_in_float32(double norm) { return norm >= kLeastNorm && norm <= kGreatestNorm; }

}  // namespace

Index::Index(const float* rows, int64_t n, int32_t dimension)
    : rows_(rows), size_(static_cast<int32_t>(n)), dimension_(dimension) {
  if (n < 1 || n > std::numeric_limits<int32_t>::max()) {
    fail(CLIP4J_INVALID_ARGUMENT, "the number of rows must be from 1 to 2147483647, not ", n);
  }
  if (dimension < 1) fail(CLIP4J_INVALID_ARGUMENT, "the dimension must be at least 1, not ", dimension);
  norms_.resize(n);
  inverse_norms_.resize(n);
  std::atomic<int64_t> first_bad{n};
  for_each_piece(n, dimension, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const double norm = exact_norm(row(i), dimension);
      if (!std::isfinite(norm)) lower_to(first_bad, i);
      norms_[i] = norm;
      inverse_norms_[i] = safe_in_float32(norm) ? static_cast<float>(1 / norm) : 0;
    }
  });
  if (first_bad < n) fail(CLIP4J_INVALID_ARGUMENT, "row ", first_bad.load(), " has a value that is not finite");
  bytes_ = CountedBytes(n * static_cast<int64_t>(sizeof(double) + sizeof(float)));
}

void normalize(float* rows, int64_t n, int32_t dimension) {
  std::vector<double> norms(n);
  std::atomic<int64_t> first_bad{n};
  for_each_piece(n, dimension, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      norms[i] = exact_norm(rows + i * dimension, dimension);
      if (!std::isfinite(norms[i]) || norms[i] == 0) lower_to(first_bad, i);
    }
  });
  if (first_bad < n) {
    const int64_t row = first_bad.load();
    fail(CLIP4J_INVALID_ARGUMENT, "row ", row, norms[row] == 0 ? " is zero" : " has a value that is not finite");
  }
  for_each_piece(n, dimension, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = rows + i * dimension;
      for (int32_t j = 0; j < dimension; ++j) row[j] = static_cast<float>(row[j] / norms[i]);
    }
  });
}

}  // namespace clip4j::search
