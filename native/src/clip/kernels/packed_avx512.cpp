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
    // A bfloat16 is the upper half of a float32.
    const __m512i upper = _mm512_set1_epi32(static_cast<int32_t>(0xFFFF0000));
    const auto high = [&](__m512i pair) { return _mm512_castsi512_ps(_mm512_and_si512(pair, upper)); };
    const auto low = [&](__m512i pair) { return _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16)); };
    sums = _mm512_fmadd_ps(high(x), high(w), _mm512_fmadd_ps(low(x), low(w), sums));
  }
  [[gnu::always_inline]] static inline __m512 products(Sums sums, const Weights&, int64_t, const Rows&,
                                                       int64_t) {
    return sums;
  }
};

}  // namespace

#include "clip/kernels/packed_tiles.inl"

const packed::Kernel packed::avx512_bf16 = {"avx512", packed::Element::kBf16, multiply, encode_bf16,
                                            normalize};

}  // namespace clip4j

#endif
