#pragma once

#include <cstdint>

namespace clip4j::search {

// Rows with a norm in this range (or of zeros) are scanned in float32 without overflow, and what underflow loses is
// far below the rounding errors. Other rows go to float64 straight away.
constexpr double kLeastNorm = 1e-15;
constexpr double kGreatestNorm = 1e15;

// How far, in units of the row's norm, the float32 scan's dot product with a unit query, scaled and padded, may be
// from the float64 result. Infinite for dimensions where float32 sums guarantee nothing.
double error_bound(int32_t dimension);

}  // namespace clip4j::search
