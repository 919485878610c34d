// Compiled for AVX2. Nothing here but intrinsics and functions of this file: an inline function shared with
// other files could be linked from here into code that runs on any CPU.
#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "search/kernels/kernel.h"

namespace clip4j::search {
namespace {

#include "search/kernels/kernel_avx2.inl"

// 8 sums, a block in four parts and a column in two: 15 registers with what splits a block.
struct Isa : Lanes {
  static constexpr int kBlocks = 1;
  static constexpr int kColumns = 4;
  static constexpr int kPackedBytes = 8;
  // Values 0 and 2 of a step, and 1 and 3, as int16: products of bytes, added in pairs, do not fit into
  // int16.
  struct Query {
    __m256i even, odd;
  };
  struct Rows {
    Query low, high;
  };
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
};

#include "search/kernels/float64.inl"
#include "search/kernels/kernel_tiles.inl"

}  // namespace

const Kernel avx2_kernel = {
    "avx2", nullptr, {Isa::kColumns, packed_bytes, pack}, scan_all, {dot, centre, quantise}};

}  // namespace clip4j::search

#endif
