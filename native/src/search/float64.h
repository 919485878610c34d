// The float64 arithmetic of the search, written once and compiled for each instruction set: included inside
// the unnamed namespace of a kernel's file. Eight lanes, however wide the registers; no sum is reordered and
// (-ffp-contract=off) no operation fused, so that all of them give the same bits.

using Doubles [[gnu::vector_size(64)]] = double;
constexpr int32_t kLanes = 8;

// `count` floats, at most 8; zeros after them.
[[gnu::always_inline]] inline void load(const float* from, int32_t count, Doubles& to) {
  using Floats8 [[gnu::vector_size(32)]] = float;
  Floats8 values{};
  if (count >= kLanes) {
    __builtin_memcpy(&values, from, sizeof(values));
  } else {
    __builtin_memcpy(&values, from, static_cast<size_t>(count) * sizeof(float));
  }
#if defined(__AVX512F__)
  to = _mm512_cvtps_pd(values);  // GCC 12 converts halves
#else
  to = __builtin_convertvector(values, Doubles);
#endif
}

[[gnu::always_inline]] inline double sum(const Doubles& sums) {
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
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
        Doubles x, y;
        load(a + i, count, x);
        load(b + i, count, y);
        sums += x * y;
      });
  return sum(sums);
}

// See Kernel::centre.
double centre(const float* values, double factor, const float* mean, int32_t dimension, double* centred) {
  Doubles most{};
  for_each_eight(
      dimension, [&](int32_t i, int32_t count) __attribute__((always_inline)) {
        Doubles value, shift{};
        load(values + i, count, value);
        if (mean != nullptr) load(mean + i, count, shift);
        value = value * factor - shift;
        __builtin_memcpy(centred + i, &value, sizeof(value));
        const Doubles size = value < 0 ? -value : value;
        most = size > most ? size : most;
      });
  double greatest = 0;
  for (int32_t lane = 0; lane < kLanes; ++lane) greatest = most[lane] > greatest ? most[lane] : greatest;
  return greatest;
}

// See Kernel::quantise.
Residual quantise(const double* centred, double step, int32_t dimension, int32_t* codes) {
  using Integers [[gnu::vector_size(32)]] = int32_t;
  const double per_step = step == 0 ? 0 : 1 / step;
  Doubles residual{}, coded{};
  for (int32_t i = 0; i < dimension; i += kLanes) {
    Doubles value;
    __builtin_memcpy(&value, centred + i, sizeof(value));
    // Rounds to an integer, for the sum has no bits below 1.
    const Doubles code = value * per_step + 0x1.8p52 - 0x1.8p52, approximation = code * step;
    const Integers integers = __builtin_convertvector(code, Integers);
    __builtin_memcpy(codes + i, &integers, sizeof(integers));
    residual += (value - approximation) * (value - approximation);
    coded += approximation * approximation;
  }
  return {__builtin_sqrt(sum(residual)), __builtin_sqrt(sum(coded))};
}
