// What the AVX-512 packed kernels have in common, included inside namespace clip4j, once for each instruction
// set, like vector_math.inl.

// GCC 12 warns about its own _mm512_undefined_ps (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include "clip/kernels/vector_avx512.inl"

namespace {

[[maybe_unused]] void store_bytes(Integers values, uint8_t* to) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(reinterpret_cast<__m512i>(values)));
}
[[maybe_unused]] void store_halves(Integers values, uint8_t* to) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                      _mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(values)));
}

}  // namespace

#include "clip/kernels/packed_rows.inl"

namespace {

// 16 sums of an int8 row and a block of 16 outputs, as float32 products.
[[maybe_unused, gnu::always_inline]] inline __m512 dequantized(__m512i sums, const Weights& weights,
                                                               int64_t block, const Rows& rows, int64_t row) {
  const __m512i excess =
      _mm512_mullo_epi32(_mm512_loadu_si512(weights.sum + block * 16), _mm512_set1_epi32(rows.zero[row]));
  const __m512 scale =
      _mm512_mul_ps(_mm512_loadu_ps(weights.scale + block * 16), _mm512_set1_ps(rows.scale[row]));
  return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(sums, excess)), scale);
}

// What packed_tiles.inl wants of every Isa here: 24 sums, 4 steps of weights and a row's fill the 32
// registers.
struct Lanes {
  static constexpr int kTileRows = 6;
  static constexpr int kTileBlocks = 4;
  using Step = __m512i;
  [[gnu::always_inline]] static inline Step load(const uint8_t* w) { return _mm512_loadu_si512(w); }
  [[gnu::always_inline]] static inline Step spread(int32_t values) { return _mm512_set1_epi32(values); }
};

}  // namespace
