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

#include "clip/packed_tiles.h"

const packed::Kernel packed::avx512_bf16 = {multiply, encode_bf16, normalize};

}  // namespace clip4j

#endif
