// Compiled for AVX2 with AVX-VNNI. Nothing here but intrinsics and functions of this file: an inline function
// shared with other files could be linked from here into code that runs on any CPU.
#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "search/kernels/kernel.h"

namespace clip4j::search {
namespace {

#include "search/kernels/kernel_avx2.inl"

// 12 sums, a block in two halves and a column: 15 of the 16 registers, 12 multiplications for 8 loads.
struct Isa : Lanes {
  static constexpr int kBlocks = 1;
  static constexpr int kColumns = 6;
  static constexpr int kPackedBytes = 4;
  struct Rows {
    __m256i low, high;
  };
  using Query = __m256i;
  CLIP4J_ISA Rows rows(const uint8_t* step) {
    const auto* halves = reinterpret_cast<const __m256i*>(step);
    return {_mm256_load_si256(halves), _mm256_load_si256(halves + 1)};
  }
  CLIP4J_ISA Query query(const uint8_t* step) {
    int32_t values;
    __builtin_memcpy(&values, step, sizeof(values));
    return _mm256_set1_epi32(values);
  }
  CLIP4J_ISA Sums multiply_add(Sums sums, Rows rows, Query query) {
    // Not the intrinsic: GCC 12 copies its sums between registers and memory.
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums.low) : "x"(rows.low), "x"(query));
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums.high) : "x"(rows.high), "x"(query));
    return sums;
  }
};

#include "search/kernels/float64.inl"
#include "search/kernels/kernel_tiles.inl"

}  // namespace

const Kernel avxvnni_kernel = {
    "avxvnni", nullptr, {Isa::kColumns, packed_bytes, pack}, scan_all, {dot, centre, quantise}};

}  // namespace clip4j::search

#endif
