#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "clip/packed.h"

// GCC 12 warns about its own _mm512_undefined_ps (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace clip4j {
namespace {

using Vector [[gnu::vector_size(64)]] = float;
using Integers [[gnu::vector_size(64)]] = int32_t;

Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }

[[maybe_unused]] void store_bytes(Integers values, uint8_t* to) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(reinterpret_cast<__m512i>(values)));
}
[[maybe_unused]] void store_halves(Integers values, uint8_t* to) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                      _mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(values)));
}

}  // namespace

#include "clip/packed_rows.h"

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
