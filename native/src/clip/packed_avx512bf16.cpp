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
    // Not the intrinsic: GCC 12 copies its sums between registers and memory.
    asm("vdpbf16ps %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
  }
  [[gnu::always_inline]] static inline __m512 products(Sums sums, const Weights&, int64_t, const Rows&,
                                                       int64_t) {
    return sums;
  }
};

}  // namespace

#include "clip/packed_tiles.h"

const packed::Kernel packed::avx512bf16_bf16 = {multiply, encode_bf16, normalize};

}  // namespace clip4j

#endif
