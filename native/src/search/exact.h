#pragma once

#include <cmath>
#include <cstdint>

#include "base/host_device.h"

// The float64 arithmetic that defines the truth, on the CPU and on a GPU. Kernels have faster forms that give
// the same bits, whatever the instruction set and the number of threads: equal rows get equal scores, and
// results do not depend on the machine.
namespace clip4j::search {

// A sum of products of floats, which float64 holds exactly, in eight partial sums (i mod 8) that are added
// pairwise.
class ExactSum {
 public:
  static constexpr int32_t kLanes = 8;

  // The next eight products, or the last `count`. Zeros in place of those after the last change nothing.
  CLIP4J_HD void add(const float* a, const float* b, int32_t count = kLanes) {
    for (int32_t i = 0; i < kLanes; ++i) {
      if (i < count) sums_[i] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
  }
  CLIP4J_HD double total() const {
    return ((sums_[0] + sums_[4]) + (sums_[2] + sums_[6])) + ((sums_[1] + sums_[5]) + (sums_[3] + sums_[7]));
  }

 private:
  double sums_[kLanes] = {};
};

inline double exact_dot(const float* a, const float* b, int32_t dimension) {
  ExactSum sum;
  int32_t i = 0;
  for (; i + ExactSum::kLanes <= dimension; i += ExactSum::kLanes) sum.add(a + i, b + i);
  sum.add(a + i, b + i, dimension - i);
  return sum.total();
}

// The Euclidean norm; NaN or infinity when a value is.
inline double exact_norm(const float* a, int32_t dimension) { return std::sqrt(exact_dot(a, a, dimension)); }

// The cosine of a row and a query that is not zero.
CLIP4J_HD inline double exact_cosine(double dot, double query_norm, double row_norm) {
  if (row_norm == 0) return 0;
  const double cosine = dot / query_norm / row_norm;
  return cosine < -1 ? -1 : cosine > 1 ? 1 : cosine;
}

}  // namespace clip4j::search
