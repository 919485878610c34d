#include "search/exact.h"

#include <cmath>

#include "search/kernel.h"

namespace clip4j::search {

// With the scalar kernel and not the CPU's: all give these bits, and tests compare them with this.
double exact_dot(const float* a, const float* b, int32_t dimension) {
  return scalar_kernel.dot(a, b, dimension);
}

double exact_norm(const float* a, int32_t dimension) { return std::sqrt(exact_dot(a, a, dimension)); }

}  // namespace clip4j::search
