// What the 256-bit kernels' `Isa`s have in common, included inside their unnamed namespaces.

#define CLIP4J_ISA [[gnu::always_inline]] static inline

struct Lanes {
  struct Sums {
    __m256i low, high;  // rows 0 to 7 and 8 to 15
  };
  struct Floats {
    __m256 low, high;
  };
  CLIP4J_ISA Sums start(int32_t value) { return {_mm256_set1_epi32(value), _mm256_set1_epi32(value)}; }
  CLIP4J_ISA Sums add(Sums a, Sums b) {
    return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
  }
  CLIP4J_ISA Floats to_floats(Sums sums) {
    return {_mm256_cvtepi32_ps(sums.low), _mm256_cvtepi32_ps(sums.high)};
  }
  CLIP4J_ISA __m256 combine(__m256 upper, __m256 lower) {
    return _mm256_add_ps(_mm256_mul_ps(upper, _mm256_set1_ps(256)), lower);
  }
  CLIP4J_ISA Floats combine(Floats upper, Floats lower) {
    return {combine(upper.low, lower.low), combine(upper.high, lower.high)};
  }
  CLIP4J_ISA Floats times(Floats total, const float* scale) {
    return {_mm256_mul_ps(total.low, _mm256_load_ps(scale)),
            _mm256_mul_ps(total.high, _mm256_load_ps(scale + 8))};
  }
  CLIP4J_ISA uint32_t passing(__m256 product, const float* error, const float* weight, const Floor& floor) {
    const __m256 most =
        _mm256_add_ps(product, _mm256_mul_ps(_mm256_load_ps(error), _mm256_set1_ps(floor.error)));
    __m256 least = _mm256_set1_ps(floor.threshold);
    if (weight != nullptr) {
      least = _mm256_add_ps(_mm256_mul_ps(least, _mm256_load_ps(weight)), _mm256_set1_ps(floor.offset));
    }
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(most, least, _CMP_NLT_UQ)));
  }
  CLIP4J_ISA uint32_t passing(Floats product, const float* error, const float* weight, const Floor& floor) {
    return passing(product.low, error, weight, floor) |
           passing(product.high, error + 8, weight == nullptr ? nullptr : weight + 8, floor) << 8;
  }
  CLIP4J_ISA void store(Floats values, float* to) {
    _mm256_storeu_ps(to, values.low);
    _mm256_storeu_ps(to + 8, values.high);
  }
};
