#include "search/kernel.h"

namespace clip4j::search {
namespace {

float dot(const float* a, const float* b, int32_t dimension) {
  float sums[kPartialSums] = {};
  int32_t i = 0;
  for (; i + kPartialSums <= dimension; i += kPartialSums) {
    for (int32_t lane = 0; lane < kPartialSums; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (int32_t lane = 0; i < dimension; ++i, ++lane) sums[lane] += a[i] * b[i];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

void dots(const float* rows, int32_t row_count, const float* queries, int32_t query_count, int32_t dimension,
          float* dots, int64_t stride) {
  for (int32_t r = 0; r < row_count; ++r) {
    const float* row = rows + static_cast<int64_t>(r) * dimension;
    for (int32_t q = 0; q < query_count; ++q) {
      dots[q * stride + r] = dot(row, queries + static_cast<int64_t>(q) * dimension, dimension);
    }
  }
}

int32_t select(const float* dots, const float* scale, const float* pad, int32_t count, float floor,
               int32_t* positions) {
  int32_t selected = 0;
  for (int32_t i = 0; i < count; ++i) {
    if (!(dots[i] * scale[i] + pad[i] < floor)) positions[selected++] = i;
  }
  return selected;
}

}  // namespace

const Kernel scalar_kernel = {dots, select};

}  // namespace clip4j::search
