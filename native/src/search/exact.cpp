#include "search/exact.h"

#include <cmath>

namespace clip4j::search {

double exact_dot(const float* a, const float* b, int32_t dimension) {
  double sums[8] = {};
  int32_t i = 0;
  for (; i + 8 <= dimension; i += 8) {
    for (int lane = 0; lane < 8; ++lane) {
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    }
  }
  for (int lane = 0; i < dimension; ++i, ++lane) {
    sums[lane] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

double exact_norm(const float* a, int32_t dimension) { return std::sqrt(exact_dot(a, a, dimension)); }

}  // namespace clip4j::search
