#pragma once

#include <cstdint>
#include <vector>

#include "base/accounting.h"

namespace clip4j::search {

enum class Similarity { kCosine, kDot };

// Exact top-k over rows of float32 that someone else owns. Immutable, so any number of threads may search at once.
class Index {
 public:
  // `rows` must outlive the index. Throws, naming the first such row, when a value is not finite.
  Index(const float* rows, int64_t n, int32_t dimension);

  int32_t size() const { return size_; }
  int32_t dimension() const { return dimension_; }
  const float* row(int64_t i) const { return rows_ + i * dimension_; }
  double norm(int64_t i) const { return norms_[i]; }
  // 1 / norm in float32; 0 where the float32 scan is of no use (see bound.h) and for rows of zeros.
  const float* inverse_norms() const { return inverse_norms_.data(); }

 private:
  const float* rows_;
  int32_t size_;
  int32_t dimension_;
  std::vector<double> norms_;
  std::vector<float> inverse_norms_;
  CountedBytes bytes_;
};

// Divides each row by its Euclidean norm. Throws, with nothing changed and naming the first such row, when one is zero
// or not finite.
void normalize(float* rows, int64_t n, int32_t dimension);

}  // namespace clip4j::search
