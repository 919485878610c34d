#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "clip/packed.h"

namespace clip4j {

#include "clip/packed_avx512.h"

namespace {

struct Isa {
  using Sums = __m512i;
  [[gnu::always_inline]] static inline void multiply_add(Sums& sums, __m512i x, __m512i w) {
    // Not the intrinsic: GCC 12 copies its sums between registers and memory.
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
  }
  [[gnu::always_inline]] static inline __m512 products(Sums sums, const Weights& weights, int64_t block,
                                                       const Rows& rows, int64_t row) {
    const __m512i excess =
        _mm512_mullo_epi32(_mm512_loadu_si512(weights.sum + block * 16), _mm512_set1_epi32(rows.zero[row]));
    const __m512 scale =
        _mm512_mul_ps(_mm512_loadu_ps(weights.scale + block * 16), _mm512_set1_ps(rows.scale[row]));
    return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sums, excess)), scale);
  }
};

}  // namespace

#include "clip/packed_tiles.h"

const packed::Kernel packed::avx512vnni_int8 = {multiply, encode_int8, normalize};

}  // namespace clip4j

#endif
