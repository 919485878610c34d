// Compiled for AVX-512 with VNNI. Nothing here but intrinsics and functions of this file: an inline function
// shared with other files could be linked from here into code that runs on any CPU.
#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "search/kernels/kernel.h"

namespace clip4j::search {
namespace {

#include "search/kernels/kernel_avx512.inl"

// 24 sums, 4 blocks and a column fill the 32 registers: 24 multiplications for 10 loads.
struct Isa : Lanes {
  static constexpr int kBlocks = 4;
  static constexpr int kColumns = 6;
  static constexpr int kPackedBytes = 4;
  using Rows = __m512i;
  using Query = __m512i;
  CLIP4J_ISA Rows rows(const uint8_t* step) { return _mm512_load_si512(step); }
  CLIP4J_ISA Query query(const uint8_t* step) {
    int32_t values;
    __builtin_memcpy(&values, step, sizeof(values));
    return _mm512_set1_epi32(values);
  }
  CLIP4J_ISA Sums multiply_add(Sums sums, Rows rows, Query query) {
    // Not the intrinsic: GCC 12 copies its sums between registers and memory, at half the speed.
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(rows), "v"(query));
    return sums;
  }
};

#include "search/kernels/float64.inl"
#include "search/kernels/kernel_tiles.inl"

}  // namespace

const Kernel avx512vnni_kernel = {
    "avx512vnni", nullptr, {Isa::kColumns, packed_bytes, pack}, scan_all, {dot, centre, quantise}};

}  // namespace clip4j::search

#endif
