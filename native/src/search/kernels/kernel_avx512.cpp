// Compiled for AVX-512. Nothing here but intrinsics and functions of this file: an inline function shared
// with other files could be linked from here into code that runs on any CPU.
#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "search/kernels/kernel.h"

namespace clip4j::search {
namespace {

#include "search/kernels/kernel_avx512.inl"

// 16 sums, 4 blocks in two halves and a column in two: 30 registers with what splits a block.
struct Isa : Lanes {
  static constexpr int kBlocks = 4;
  static constexpr int kColumns = 4;
  static constexpr int kPackedBytes = 8;
  // Values 0 and 2 of a step, and 1 and 3, as int16: products of bytes, added in pairs, do not fit into
  // int16.
  struct Rows {
    __m512i even, odd;
  };
  using Query = Rows;
  CLIP4J_ISA Rows rows(const uint8_t* step) {
    const __m512i values = _mm512_load_si512(step);
    return {_mm512_and_si512(values, _mm512_set1_epi16(0xFF)), _mm512_srli_epi16(values, 8)};
  }
  CLIP4J_ISA Query query(const uint8_t* step) {
    int32_t words[2];
    __builtin_memcpy(words, step, sizeof(words));
    return {_mm512_set1_epi32(words[0]), _mm512_set1_epi32(words[1])};
  }
  CLIP4J_ISA Sums multiply_add(Sums sums, Rows rows, Query query) {
    const __m512i products =
        _mm512_add_epi32(_mm512_madd_epi16(rows.even, query.even), _mm512_madd_epi16(rows.odd, query.odd));
    // Not the intrinsic: GCC 12 copies its sums between registers and memory.
    asm("vpaddd %1, %0, %0" : "+v"(sums) : "v"(products));
    return sums;
  }
};

#include "search/kernels/float64.inl"
#include "search/kernels/kernel_tiles.inl"

}  // namespace

const Kernel avx512_kernel = {
    "avx512", nullptr, {Isa::kColumns, packed_bytes, pack}, scan_all, {dot, centre, quantise}};

}  // namespace clip4j::search

#endif
