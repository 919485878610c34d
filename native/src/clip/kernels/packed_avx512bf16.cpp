#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "clip/kernels/packed.h"

namespace clip4j {

#include "clip/kernels/packed_avx512.inl"

namespace {

struct Isa : Lanes {
  using Sums = __m512;
  [[gnu::always_inline]] static inline void multiply_add(Sums& sums, __m512i x, __m512i w) {
    // Not the intrinsic: GCC 12 copies its sums between registers and memory.
    asm("vdpbf16ps %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
  }
  [[gnu::always_inline]] static inline __m512 products(Sums sums, const Weights&, int64_t, const Rows&,
                                                       int64_t) {
    return sums;
  }
};

}  // namespace

#include "clip/kernels/packed_tiles.inl"

const packed::Kernel packed::avx512bf16_bf16 = {"avx512bf16", packed::Element::kBf16, multiply, encode_bf16,
                                                normalize};

}  // namespace clip4j

#endif
