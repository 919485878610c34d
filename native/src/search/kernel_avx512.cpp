// Compiled for AVX-512. Nothing here but intrinsics and functions of this file: an inline function shared with other
// files could be linked from here into code that runs on any CPU.
#if defined(__x86_64__)

#include <immintrin.h>

#include "search/kernel.h"

// GCC 12 warns about its own _mm512_undefined_ps (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace clip4j::search {
namespace {

constexpr int32_t kLanes = 16;
constexpr int32_t kTileRows = 4;
constexpr int32_t kTileQueries = 4;

// Adds up each of 16 vectors: lane i of the result is the sum of v[i]. Each step folds the vectors in half and packs
// two into one.
[[gnu::always_inline]] inline __m512 sum16(const __m512* v) {
  // Which vector ends up in lane i is a bit reversal, undone by the order in which they are taken here.
  constexpr int order[16] = {0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15};
  __m512 halves[8], quarters[4], pairs[2];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const __m512 a = v[order[i]], b = v[order[i + 8]];
    halves[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512 a = halves[i], b = halves[i + 4];
    quarters[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    const __m512 a = quarters[i], b = quarters[i + 2];
    pairs[i] = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xEE));
  }
  return _mm512_add_ps(_mm512_shuffle_ps(pairs[0], pairs[1], 0x88), _mm512_shuffle_ps(pairs[0], pairs[1], 0xDD));
}

__mmask16 tail_mask(int32_t dimension) { return static_cast<__mmask16>((1u << (dimension % kLanes)) - 1); }

float dot(const float* a, const float* b, int32_t dimension) {
  __m512 sum = _mm512_setzero_ps();
  int32_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes) {
    sum = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), sum);
  }
  const __mmask16 tail = tail_mask(dimension);
  sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(tail, a + i), _mm512_maskz_loadu_ps(tail, b + i), sum);
  return _mm512_reduce_add_ps(sum);
}

// Four rows by four queries: 16 sums in registers, each loaded value used four times.
void tile(const float* rows, const float* queries, int32_t dimension, float* dots, int64_t stride) {
  const int64_t step = dimension;
  __m512 sums[kTileQueries * kTileRows];
#pragma GCC unroll 16
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const auto add = [&](auto load, int32_t i) __attribute__((always_inline)) {
    __m512 row[kTileRows];
#pragma GCC unroll 4
    for (int r = 0; r < kTileRows; ++r) row[r] = load(rows + r * step + i);
#pragma GCC unroll 4
    for (int q = 0; q < kTileQueries; ++q) {
      const __m512 query = load(queries + q * step + i);
#pragma GCC unroll 4
      for (int r = 0; r < kTileRows; ++r) {
        sums[q * kTileRows + r] = _mm512_fmadd_ps(row[r], query, sums[q * kTileRows + r]);
      }
    }
  };
  int32_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes) {
    add([](const float* p) __attribute__((always_inline)) { return _mm512_loadu_ps(p); }, i);
  }
  if (i < dimension) {
    const __mmask16 tail = tail_mask(dimension);
    add([tail](const float* p) __attribute__((always_inline)) { return _mm512_maskz_loadu_ps(tail, p); }, i);
  }
  const __m512 result = sum16(sums);
  _mm_storeu_ps(dots, _mm512_extractf32x4_ps(result, 0));
  _mm_storeu_ps(dots + stride, _mm512_extractf32x4_ps(result, 1));
  _mm_storeu_ps(dots + 2 * stride, _mm512_extractf32x4_ps(result, 2));
  _mm_storeu_ps(dots + 3 * stride, _mm512_extractf32x4_ps(result, 3));
}

// Sixteen rows by one query.
void column(const float* rows, const float* query, int32_t dimension, float* dots) {
  const int64_t step = dimension;
  __m512 sums[16];
#pragma GCC unroll 16
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const auto add = [&](auto load, int32_t i) __attribute__((always_inline)) {
    const __m512 value = load(query + i);
#pragma GCC unroll 4
    for (int group = 0; group < 4; ++group) {
      const float* base = rows + group * 4 * step + i;
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) {
        sums[group * 4 + r] = _mm512_fmadd_ps(load(base + r * step), value, sums[group * 4 + r]);
      }
    }
  };
  int32_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes) {
    add([](const float* p) __attribute__((always_inline)) { return _mm512_loadu_ps(p); }, i);
  }
  if (i < dimension) {
    const __mmask16 tail = tail_mask(dimension);
    add([tail](const float* p) __attribute__((always_inline)) { return _mm512_maskz_loadu_ps(tail, p); }, i);
  }
  _mm512_storeu_ps(dots, sum16(sums));
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
      for (r = 0; r + 16 <= row_count; r += 16) column(rows + r * step, query, dimension, dots + q * stride + r);
    }
    for (; r < row_count; ++r) dots[q * stride + r] = dot(rows + r * step, query, dimension);
  }
}

int32_t select(const float* dots, const float* scale, const float* pad, int32_t count, float floor,
               int32_t* positions) {
  const __m512 floors = _mm512_set1_ps(floor);
  int32_t selected = 0;
  for (int32_t i = 0; i < count; i += kLanes) {
    const auto lanes = static_cast<__mmask16>(count - i >= kLanes ? 0xFFFF : (1u << (count - i)) - 1);
    const __m512 score = _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, dots + i), _mm512_maskz_loadu_ps(lanes, scale + i));
    const __m512 upper = _mm512_add_ps(score, _mm512_maskz_loadu_ps(lanes, pad + i));
    unsigned passed = _mm512_mask_cmp_ps_mask(lanes, upper, floors, _CMP_NLT_UQ);
    for (; passed != 0; passed &= passed - 1) positions[selected++] = i + __builtin_ctz(passed);
  }
  return selected;
}

}  // namespace

const Kernel avx512_kernel = {dots, select};

}  // namespace clip4j::search

#endif
