#pragma once

#include <cstdint>
#include <limits>

#include "base/array.h"
#include "search/layout.h"

namespace clip4j::search {

// The compact copy of n rows that a search scans: a quarter of their size. With u = row / |row| (0 for a row
// of zeros),
//
//     u - mean = scale * code + residual,   |residual| <= error,   |scale * code| <= reach
//
// so that every score is known to within a bound (docs/exact-search.md). Plain arrays: a store writes and
// reads them as they are, and a copy that is read back must be the very bytes. Everything after the last row
// is zero, in `values` 128.
struct Codes {
  Codes() = default;
  // Arrays of the right sizes, uninitialised. Throws when there can be no such rows.
  Codes(int64_t rows, int32_t dimension);

  int64_t rows = 0;
  int32_t dimension = 0;
  // [blocks()][steps()][16 rows][4 values]: code + 128, codes from -127 to 127. One step of a block is a VNNI
  // operand, and 16 steps are an AMX tile.
  Array<uint8_t> values;
  Array<float> scale;  // [blocks()][16]
  Array<float> error;  // [blocks()][16]
  Array<double> norm;  // [blocks()][16]: of the rows themselves, in the arithmetic of exact.h
  // [dimension]: any vector makes the codes valid; the mean of the unit rows makes them good.
  Array<float> mean;
  float reach = 0;

  int64_t blocks() const { return divide_up(rows, kBlockRows); }
  int64_t steps() const { return divide_up(dimension, kStepValues); }
  int64_t block_bytes() const { return steps() * kStepBytes; }
};

// Values of a row: less than 2 GiB of them. What counts them in 32 bits, a few at a time, ends far from
// overflow.
constexpr int32_t kMostDimension = std::numeric_limits<int32_t>::max() / static_cast<int32_t>(sizeof(float));

// Throws CLIP4J_INVALID_ARGUMENT unless it is 1 to kMostDimension.
void check_dimension(int32_t dimension);

// Rows are borrowed, row-major. Equal rows get equal codes, whatever the machine and the number of threads.
// Throws, naming the first such row, when a value is not finite.
Codes encode(const float* rows, int64_t n, int32_t dimension);

}  // namespace clip4j::search
