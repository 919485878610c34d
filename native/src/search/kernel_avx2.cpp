// Compiled for AVX2 and FMA. Nothing here but intrinsics and functions of this file: an inline function shared with
// other files could be linked from here into code that runs on any CPU.
#if defined(__x86_64__)

#include <immintrin.h>

#include "search/kernel.h"

namespace clip4j::search {
namespace {

constexpr int32_t kLanes = 8;
constexpr int32_t kTileRows = 4;
constexpr int32_t kTileQueries = 2;

// Adds up each of 8 vectors: lane i of the result is the sum of v[i].
[[gnu::always_inline]] inline __m256 sum8(const __m256* v) {
  const __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
  const __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
  return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

// All ones in the first `count` lanes.
__m256i first_lanes(int32_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

float dot(const float* a, const float* b, int32_t dimension) {
  __m256 sum = _mm256_setzero_ps();
  int32_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes) {
    sum = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum);
  }
  const __m256i tail = first_lanes(dimension - i);
  sum = _mm256_fmadd_ps(_mm256_maskload_ps(a + i, tail), _mm256_maskload_ps(b + i, tail), sum);
  const __m256 sums[8] = {sum, sum, sum, sum, sum, sum, sum, sum};
  return _mm256_cvtss_f32(sum8(sums));
}

// Four rows by two queries: 8 sums, 4 + 1 operands, within 16 registers.
void tile(const float* rows, const float* queries, int32_t dimension, float* dots, int64_t stride) {
  const int64_t step = dimension;
  __m256 sums[kTileQueries * kTileRows];
#pragma GCC unroll 8
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  const auto add = [&](auto load, int32_t i) __attribute__((always_inline)) {
    __m256 row[kTileRows];
#pragma GCC unroll 4
    for (int r = 0; r < kTileRows; ++r) row[r] = load(rows + r * step + i);
#pragma GCC unroll 2
    for (int q = 0; q < kTileQueries; ++q) {
      const __m256 query = load(queries + q * step + i);
#pragma GCC unroll 4
      for (int r = 0; r < kTileRows; ++r) {
        sums[q * kTileRows + r] = _mm256_fmadd_ps(row[r], query, sums[q * kTileRows + r]);
      }
    }
  };
  int32_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes) {
    add([](const float* p) __attribute__((always_inline)) { return _mm256_loadu_ps(p); }, i);
  }
  if (i < dimension) {
    const __m256i tail = first_lanes(dimension - i);
    add([tail](const float* p) __attribute__((always_inline)) { return _mm256_maskload_ps(p, tail); }, i);
  }
  const __m256 result = sum8(sums);
  _mm_storeu_ps(dots, _mm256_castps256_ps128(result));
  _mm_storeu_ps(dots + stride, _mm256_extractf128_ps(result, 1));
}

// Eight rows by one query.
void column(const float* rows, const float* query, int32_t dimension, float* dots) {
  const int64_t step = dimension;
  __m256 sums[8];
#pragma GCC unroll 8
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  const auto add = [&](auto load, int32_t i) __attribute__((always_inline)) {
    const __m256 value = load(query + i);
#pragma GCC unroll 8
    for (int r = 0; r < 8; ++r) sums[r] = _mm256_fmadd_ps(load(rows + r * step + i), value, sums[r]);
  };
  int32_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes) {
    add([](const float* p) __attribute__((always_inline)) { return _mm256_loadu_ps(p); }, i);
  }
  if (i < dimension) {
    const __m256i tail = first_lanes(dimension - i);
    add([tail](const float* p) __attribute__((always_inline)) { return _mm256_maskload_ps(p, tail); }, i);
  }
  _mm256_storeu_ps(dots, sum8(sums));
}

void dots(const float* rows, int32_t row_count, const float* queries, int32_t query_count, int32_t dimension,
          float* dots, int64_t stride) {
  const int64_t step = dimension;
  const int32_t tiled_queries = query_count - query_count % kTileQueries;
  const int32_t tiled_rows = row_count - row_count % kTileRows;
  for (int32_t r = 0; r < tiled_rows; r += kTileRows) {
    for (int32_t q = 0; q < tiled_queries; q += kTileQueries) {
      tile(rows + r * step, queries + q * step, dimension, dots + q * stride + r, stride);
    }
  }
  for (int32_t q = 0; q < query_count; ++q) {
    const float* query = queries + q * step;
    int32_t r = tiled_rows;
    if (q >= tiled_queries) {
      for (r = 0; r + 8 <= row_count; r += 8) column(rows + r * step, query, dimension, dots + q * stride + r);
    }
    for (; r < row_count; ++r) dots[q * stride + r] = dot(rows + r * step, query, dimension);
  }
}

int32_t select(const float* dots, const float* scale, const float* pad, int32_t count, float floor,
               int32_t* positions) {
  const __m256 floors = _mm256_set1_ps(floor);
  int32_t selected = 0;
  for (int32_t i = 0; i < count; i += kLanes) {
    const __m256i lanes = first_lanes(count - i);
    const __m256 score = _mm256_mul_ps(_mm256_maskload_ps(dots + i, lanes), _mm256_maskload_ps(scale + i, lanes));
    const __m256 upper = _mm256_add_ps(score, _mm256_maskload_ps(pad + i, lanes));
    const __m256 passing = _mm256_and_ps(_mm256_cmp_ps(upper, floors, _CMP_NLT_UQ), _mm256_castsi256_ps(lanes));
    unsigned passed = static_cast<unsigned>(_mm256_movemask_ps(passing));
    for (; passed != 0; passed &= passed - 1) positions[selected++] = i + __builtin_ctz(passed);
  }
  return selected;
}

}  // namespace

const Kernel avx2_kernel = {dots, select};

}  // namespace clip4j::search

#endif
