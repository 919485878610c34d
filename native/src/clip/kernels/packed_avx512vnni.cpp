#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "clip/kernels/packed.h"

namespace clip4j {

#include "clip/kernels/packed_avx512.inl"

namespace {

struct Isa : Lanes {
  using Sums = __m512i;
  [[gnu::always_inline]] static inline void multiply_add(Sums& sums, __m512i x, __m512i w) {
    // Not the intrinsic: GCC 12 copies its sums between registers and memory.
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
  }
  [[gnu::always_inline]] static inline __m512 products(Sums sums, const Weights& weights, int64_t block,
                                                       const Rows& rows, int64_t row) {
    return dequantized(sums, weights, block, rows, row);
  }
};

}  // namespace

#include "clip/kernels/packed_tiles.inl"

const packed::Kernel packed::avx512vnni_int8 = {"avx512vnni", packed::Element::kInt8, multiply, encode_int8,
                                                normalize};

}  // namespace clip4j

#endif
