#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "clip/kernels/packed.h"

namespace clip4j {

#include "clip/kernels/packed_avx2.inl"
#include "clip/kernels/packed_rows.inl"

namespace {

// 12 sums, a step of weights and those of 3 rows fill the 16 registers.
struct Isa {
  static constexpr int kTileRows = 3;
  static constexpr int kTileBlocks = 4;
  using Step = __m256i;
  using Sums = __m256i;
  [[gnu::always_inline]] static inline Step load(const uint8_t* w) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
  }
  [[gnu::always_inline]] static inline Step spread(int32_t values) { return _mm256_set1_epi32(values); }
  [[gnu::always_inline]] static inline void multiply_add(Sums& sums, __m256i x, __m256i w) {
    // Not the intrinsic: GCC 12 copies its sums between registers and memory.
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(x), "xm"(w));
  }
  [[gnu::always_inline]] static inline __m256 products(Sums sums, const Weights& weights, int64_t block,
                                                       const Rows& rows, int64_t row) {
    const __m256i excess = _mm256_mullo_epi32(load(reinterpret_cast<const uint8_t*>(weights.sum + block * 8)),
                                              _mm256_set1_epi32(rows.zero[row]));
    const __m256 scale =
        _mm256_mul_ps(_mm256_loadu_ps(weights.scale + block * 8), _mm256_set1_ps(rows.scale[row]));
    return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(sums, excess)), scale);
  }
};

}  // namespace

#include "clip/kernels/packed_tiles.inl"

const packed::Kernel packed::avxvnni_int8 = {"avxvnni", packed::Element::kInt8, multiply, encode_int8,
                                             normalize};

}  // namespace clip4j

#endif
