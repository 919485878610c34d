// What the AVX-512 kernels' `Isa`s have in common, included inside their unnamed namespaces.

// GCC 12 warns about its own _mm512_undefined_ps (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define CLIP4J_ISA [[gnu::always_inline]] static inline

struct Lanes {
  using Sums = __m512i;
  using Floats = __m512;
  CLIP4J_ISA Sums start(int32_t value) { return _mm512_set1_epi32(value); }
  CLIP4J_ISA Sums add(Sums a, Sums b) { return _mm512_add_epi32(a, b); }
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
    __m512 least = _mm512_set1_ps(floor.threshold);
    if (weight != nullptr) {
      least = _mm512_add_ps(_mm512_mul_ps(least, _mm512_load_ps(weight)), _mm512_set1_ps(floor.offset));
    }
    return _mm512_cmp_ps_mask(most, least, _CMP_NLT_UQ);
  }
  CLIP4J_ISA void store(Floats values, float* to) { _mm512_storeu_ps(to, values); }
};
