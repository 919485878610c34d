#include "search/bound.h"

#include <limits>

#include "search/kernel.h"

namespace clip4j::search {

// With u = 2^-24, the unit roundoff of float32, q the unit query in exact arithmetic and r the row:
//
// - Summation. A sum of products in which each product takes part in at most m rounded operations has an error of at
//   most gamma_m |q|.|r| <= gamma_m |q| |r|, where gamma_m = m u / (1 - m u), in any order and with or without fused
//   multiply-adds (N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 3.1 and 4.2; the last
//   step is Cauchy-Schwarz). Kernels keep at least 8 partial sums, so m <= 1 (product) + ceil(D / 8) + 4 (adding up
//   to 16 partial sums pairwise).
// - The query is rounded to float32 after division by its norm: |q' - q| <= u |q|, so at most u |r|.
// - The scale 1 / |r| is rounded (u), the product with it (u), and adding the pad (u): at most 3 u |r| to first order.
//
// Second-order terms, float64's own rounding and underflow (at most D 2^-149 absolute, for norms from 1e-15 on) are
// below the two u and the factor added on top.
double error_bound(int32_t dimension) {
  constexpr double u = 0x1p-24;
  const double m = 1 + (static_cast<int64_t>(dimension) + kPartialSums - 1) / kPartialSums + 4;
  if (m * u > 0.01) return std::numeric_limits<double>::infinity();
  const double gamma = m * u / (1 - m * u);
  return 1.01 * (gamma + 6 * u);
}

}  // namespace clip4j::search
