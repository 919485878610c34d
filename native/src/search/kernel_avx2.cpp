// Compiled for AVX2. Nothing here but intrinsics and functions of this file: an inline function shared with
// other files could be linked from here into code that runs on any CPU.
#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "search/kernel.h"

namespace clip4j::search {
namespace {

#define CLIP4J_ISA [[gnu::always_inline]] static inline

// 8 sums, a block in four parts and a column in two: 15 registers with what splits a block.
struct Isa {
  static constexpr int kBlocks = 1;
  static constexpr int kColumns = 4;
  static constexpr int kPackedBytes = 8;
  struct Sums {
    __m256i low, high;  // rows 0 to 7 and 8 to 15
  };
  struct Floats {
    __m256 low, high;
  };
  // Values 0 and 2 of a step, and 1 and 3, as int16: products of bytes, added in pairs, do not fit into
  // int16.
  struct Query {
    __m256i even, odd;
  };
  struct Rows {
    Query low, high;
  };
  CLIP4J_ISA Sums start(int32_t value) { return {_mm256_set1_epi32(value), _mm256_set1_epi32(value)}; }
  CLIP4J_ISA Query split(const uint8_t* step) {
    const __m256i values = _mm256_load_si256(reinterpret_cast<const __m256i*>(step));
    return {_mm256_and_si256(values, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16(values, 8)};
  }
  CLIP4J_ISA Rows rows(const uint8_t* step) { return {split(step), split(step + 32)}; }
  CLIP4J_ISA Query query(const uint8_t* step) {
    int32_t words[2];
    __builtin_memcpy(words, step, sizeof(words));
    return {_mm256_set1_epi32(words[0]), _mm256_set1_epi32(words[1])};
  }
  CLIP4J_ISA __m256i multiply_add(__m256i sums, Query rows, Query query) {
    const __m256i products =
        _mm256_add_epi32(_mm256_madd_epi16(rows.even, query.even), _mm256_madd_epi16(rows.odd, query.odd));
    // Not the intrinsic: GCC 12 copies its sums between registers and memory.
    asm("vpaddd %1, %0, %0" : "+x"(sums) : "x"(products));
    return sums;
  }
  CLIP4J_ISA Sums multiply_add(Sums sums, Rows rows, Query query) {
    return {multiply_add(sums.low, rows.low, query), multiply_add(sums.high, rows.high, query)};
  }
  CLIP4J_ISA Sums add(Sums a, Sums b) {
    return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
  }
  CLIP4J_ISA Floats to_floats(Sums sums) {
    return {_mm256_cvtepi32_ps(sums.low), _mm256_cvtepi32_ps(sums.high)};
  }
  CLIP4J_ISA __m256 combine(__m256 upper, __m256 lower) {
    return _mm256_add_ps(_mm256_mul_ps(upper, _mm256_set1_ps(256)), lower);
  }
  CLIP4J_ISA Floats combine(Floats upper, Floats lower) {
    return {combine(upper.low, lower.low), combine(upper.high, lower.high)};
  }
  CLIP4J_ISA Floats times(Floats total, const float* scale) {
    return {_mm256_mul_ps(total.low, _mm256_load_ps(scale)),
            _mm256_mul_ps(total.high, _mm256_load_ps(scale + 8))};
  }
  CLIP4J_ISA uint32_t passing(__m256 product, const float* error, const float* weight, const Floor& floor) {
    const __m256 most =
        _mm256_add_ps(product, _mm256_mul_ps(_mm256_load_ps(error), _mm256_set1_ps(floor.error)));
    __m256 least = _mm256_set1_ps(floor.threshold);
    if (weight != nullptr) {
      least = _mm256_add_ps(_mm256_mul_ps(least, _mm256_load_ps(weight)), _mm256_set1_ps(floor.offset));
    }
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(most, least, _CMP_NLT_UQ)));
  }
  CLIP4J_ISA uint32_t passing(Floats product, const float* error, const float* weight, const Floor& floor) {
    return passing(product.low, error, weight, floor) |
           passing(product.high, error + 8, weight == nullptr ? nullptr : weight + 8, floor) << 8;
  }
  CLIP4J_ISA void store(Floats values, float* to) {
    _mm256_storeu_ps(to, values.low);
    _mm256_storeu_ps(to + 8, values.high);
  }
};

#include "search/float64.h"
#include "search/kernel_tiles.h"
#include "search/pack_words.h"

#undef CLIP4J_ISA

}  // namespace

const Kernel avx2_kernel = {"avx2",   nullptr, Isa::kColumns, packed_bytes, pack_words,
                            scan_all, dot,     centre,        quantise};

}  // namespace clip4j::search

#endif
