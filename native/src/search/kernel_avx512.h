// What the AVX-512 kernels' `Isa`s have in common, included inside their unnamed namespaces.

// GCC 12 warns about its own _mm512_undefined_ps (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define CLIP4J_ISA [[gnu::always_inline]] static inline

struct Lanes {
  using Sums = __m512i;
  using Floats = __m512;
  CLIP4J_ISA Sums start(int32_t value) { return _mm512_set1_epi32(value); }
  CLIP4J_ISA Floats to_floats(Sums sums) { return _mm512_cvtepi32_ps(sums); }
  CLIP4J_ISA Floats combine(Floats upper, Floats lower) {
    return _mm512_add_ps(_mm512_mul_ps(upper, _mm512_set1_ps(256)), lower);
  }
  CLIP4J_ISA Floats times(Floats total, const float* scale) {
    return _mm512_mul_ps(total, _mm512_load_ps(scale));
  }
  CLIP4J_ISA uint32_t passing(Floats product, const float* error, const float* weight, const Floor& floor) {
    const __m512 most =
        _mm512_add_ps(product, _mm512_mul_ps(_mm512_load_ps(error), _mm512_set1_ps(floor.error)));
    const __m512 least = _mm512_add_ps(_mm512_mul_ps(_mm512_set1_ps(floor.threshold), _mm512_load_ps(weight)),
                                       _mm512_set1_ps(floor.offset));
    return _mm512_cmp_ps_mask(most, least, _CMP_NLT_UQ);
  }
  CLIP4J_ISA void store(Floats values, float* to) { _mm512_storeu_ps(to, values); }
};

// exact_dot: the eight partial sums are one register's lanes. A product of floats is exact in float64, so
// that fusing the addition changes no bit.
double dot(const float* a, const float* b, int32_t dimension) {
  __m512d sums = _mm512_setzero_pd();
  int32_t i = 0;
  for (; i + 8 <= dimension; i += 8) {
    sums = _mm512_fmadd_pd(_mm512_cvtps_pd(_mm256_loadu_ps(a + i)), _mm512_cvtps_pd(_mm256_loadu_ps(b + i)),
                           sums);
  }
  const auto tail = static_cast<__mmask8>((1u << (dimension - i)) - 1);
  sums = _mm512_fmadd_pd(_mm512_cvtps_pd(_mm256_maskz_loadu_ps(tail, a + i)),
                         _mm512_cvtps_pd(_mm256_maskz_loadu_ps(tail, b + i)), sums);
  const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(sums), _mm512_extractf64x4_pd(sums, 1));
  const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}
