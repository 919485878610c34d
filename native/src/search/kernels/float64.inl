// The float64 arithmetic of the search, written once and compiled for each instruction set: included inside
// the unnamed namespace of a kernel's file. Eight lanes, however wide the registers; no sum is reordered and
// (-ffp-contract=off) no operation fused, so that all of them give the same bits.

#include "base/unrolled.inl"

constexpr int32_t kLanes = 8;

// In parts as wide as the registers: wider vectors GCC 12 keeps in memory, where sums take six times as long.
#if defined(__AVX512F__)
constexpr int32_t kPartLanes = 8;
#elif defined(__AVX2__)
constexpr int32_t kPartLanes = 4;
#else
constexpr int32_t kPartLanes = 2;
#endif
constexpr int32_t kParts = kLanes / kPartLanes;
using Part [[gnu::vector_size(kPartLanes * 8)]] = double;
using FloatPart [[gnu::vector_size(kPartLanes * 4)]] = float;
using IntegerPart [[gnu::vector_size(kPartLanes * 4)]] = int32_t;

struct Doubles {
  Part part[kParts];
};

// Calls f(0), ..., f(kParts - 1) with constants.
template <typename F>
[[gnu::always_inline]] inline void for_parts(const F& f) {
  unrolled<kParts>(f);
}

// `count` floats, at most 8; zeros after them.
[[gnu::always_inline]] inline Doubles load(const float* from, int32_t count) {
  float few[kLanes] = {};
  if (count < kLanes) {
    __builtin_memcpy(few, from, static_cast<size_t>(count) * sizeof(float));
    from = few;
  }
  Doubles to;
  for_parts([&](auto p) __attribute__((always_inline)) {
    FloatPart values;
    __builtin_memcpy(&values, from + p * kPartLanes, sizeof(values));
#if defined(__AVX512F__)
    to.part[p] = _mm512_cvtps_pd(values);  // GCC 12 converts halves
#else
    to.part[p] = __builtin_convertvector(values, Part);
#endif
  });
  return to;
}

[[gnu::always_inline]] inline double lane(const Doubles& values, int32_t i) {
  return values.part[i / kPartLanes][i % kPartLanes];
}

[[gnu::always_inline]] inline double sum(const Doubles& s) {
  return ((lane(s, 0) + lane(s, 4)) + (lane(s, 2) + lane(s, 6))) +
         ((lane(s, 1) + lane(s, 5)) + (lane(s, 3) + lane(s, 7)));
}

// Calls step(i, count) for 0, 8, ...; count is a constant 8 but for the last one.
template <typename Step>
[[gnu::always_inline]] inline void for_each_eight(int32_t dimension, const Step& step) {
  int32_t i = 0;
  for (; i + kLanes <= dimension; i += kLanes) step(i, kLanes);
  if (i < dimension) step(i, dimension - i);
}

// See exact.h.
double dot(const float* a, const float* b, int32_t dimension) {
  Doubles sums{};
  for_each_eight(
      dimension, [&](int32_t i, int32_t count) __attribute__((always_inline)) {
        const Doubles x = load(a + i, count), y = load(b + i, count);
        for_parts([&](auto p) __attribute__((always_inline)) { sums.part[p] += x.part[p] * y.part[p]; });
      });
  return sum(sums);
}

// See Kernel::centre.
double centre(const float* values, double factor, const float* mean, int32_t dimension, double* centred) {
  Doubles most{};
  for_each_eight(
      dimension, [&](int32_t i, int32_t count) __attribute__((always_inline)) {
        const Doubles all = load(values + i, count);
        const Doubles shift = mean == nullptr ? Doubles{} : load(mean + i, count);
        for_parts([&](auto p) __attribute__((always_inline)) {
          const Part value = all.part[p] * factor - shift.part[p];
          __builtin_memcpy(centred + i + p * kPartLanes, &value, sizeof(value));
          const Part size = value < 0 ? -value : value;
          most.part[p] = size > most.part[p] ? size : most.part[p];
        });
      });
  double greatest = 0;
  for (int32_t i = 0; i < kLanes; ++i) greatest = lane(most, i) > greatest ? lane(most, i) : greatest;
  return greatest;
}

// See Kernel::quantise.
Residual quantise(const double* centred, double step, int32_t dimension, int32_t* codes) {
  const double per_step = step == 0 ? 0 : 1 / step;
  Doubles residual{}, coded{};
  for (int32_t i = 0; i < dimension; i += kLanes) {
    for_parts([&](auto p) __attribute__((always_inline)) {
      Part value;
      __builtin_memcpy(&value, centred + i + p * kPartLanes, sizeof(value));
      // Rounds to an integer, for the sum has no bits below 1.
      const Part code = value * per_step + 0x1.8p52 - 0x1.8p52, approximation = code * step;
      const IntegerPart integers = __builtin_convertvector(code, IntegerPart);
      __builtin_memcpy(codes + i + p * kPartLanes, &integers, sizeof(integers));
      residual.part[p] += (value - approximation) * (value - approximation);
      coded.part[p] += approximation * approximation;
    });
  }
  return {__builtin_sqrt(sum(residual)), __builtin_sqrt(sum(coded))};
}
