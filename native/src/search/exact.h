#pragma once

#include <cstdint>

// The float64 arithmetic that defines the truth. Kernels have faster forms that give the same bits, whatever
// the instruction set and the number of threads: equal rows get equal scores, and results do not depend on
// the machine.
namespace clip4j::search {

// The sum of a[i] * b[i] in eight partial sums (i mod 8), added pairwise. Every product of two floats is
// exact.
double exact_dot(const float* a, const float* b, int32_t dimension);

// The Euclidean norm; NaN or infinity when a value is.
double exact_norm(const float* a, int32_t dimension);

}  // namespace clip4j::search
