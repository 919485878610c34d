// What packed kernels do with rows of float32, once for each instruction set, like vector_math.inl, which comes
// first. The including file has defined besides
//   store_bytes(Integers, to)    the low 8 bits of each
//   store_halves(Integers, to)   the low 16 bits of each

#include "clip/kernels/vector_math.inl"

namespace {

using clip4j::packed::Finish;
using clip4j::packed::Output;
using clip4j::packed::Rows;
using clip4j::packed::Weights;

// `count` values, at most kLanes; `otherwise` after them.
[[gnu::always_inline]] inline Vector load_part(const float* from, int64_t count, float otherwise = 0) {
  if (count >= kLanes) return load(from);
  float values[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) values[i] = i < count ? from[i] : otherwise;
  return load(values);
}

[[gnu::always_inline]] inline void store_part(Vector vector, float* to, int64_t count) {
  if (count >= kLanes) return store(vector, to);
  float values[kLanes];
  store(vector, values);
  for (int64_t i = 0; i < count; ++i) to[i] = values[i];
}

inline float sum_of(Vector vector) {
  float sum = 0;
  for (int64_t lane = 0; lane < kLanes; ++lane) sum += vector[lane];
  return sum;
}

[[gnu::always_inline]] inline Vector sigmoid(Vector x) {
  const Vector e = exponential(x < 0 ? x : -x);
  return (x < 0 ? e : Vector{} + 1.0f) / (1.0f + e);
}

// x Phi(x), with erf as in M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 7.1.26: 1.5e-7 at
// most off.
[[gnu::always_inline]] inline Vector gelu(Vector x) {
  const Vector z = (x < 0 ? -x : x) * 0x1.6a09e6p-1f;
  const Vector t = 1.0f / multiply_add(z, Vector{} + 0.3275911f, Vector{} + 1.0f);
  Vector tail = Vector{} + 1.061405429f;
  tail = multiply_add(tail, t, Vector{} - 1.453152027f);
  tail = multiply_add(tail, t, Vector{} + 1.421413741f);
  tail = multiply_add(tail, t, Vector{} - 0.284496736f);
  tail = multiply_add(tail, t, Vector{} + 0.254829592f);
  const Vector half = 0.5f * tail * t * exponential(-z * z);  // (1 - erf(z)) / 2
  return x * (x < 0 ? half : 1.0f - half);
}

[[gnu::always_inline]] inline Vector activate(Vector x, Finish finish) {
  switch (finish) {
    case Finish::kQuickGelu:
      return x * sigmoid(1.702f * x);
    case Finish::kGelu:
      return gelu(x);
    case Finish::kGeluTanh:  // (1 + tanh(u)) / 2 = sigmoid(2 u)
      return x * sigmoid(1.5957691216f * x * multiply_add(x * x, Vector{} + 0.044715f, Vector{} + 1.0f));
    case Finish::kStore:
    case Finish::kAdd:
      break;
  }
  return x;
}

// One row's 64 products with a panel, without their bias.
inline void finish(const float* products, const Weights& weights, int64_t panel, const Output& output,
                   int64_t row) {
  constexpr int64_t kPanel = clip4j::packed::kPanel;
  const int64_t first = panel * kPanel;
  const int64_t count = weights.outputs - first < kPanel ? weights.outputs - first : kPanel;
  float* const to = output.values + row * output.stride + first;
  for (int64_t i = 0; i < count; i += kLanes) {
    const Vector y = activate(load(products + i) + load(weights.bias + first + i), output.finish);
    store_part(output.finish == Finish::kAdd ? y + load_part(to + i, count - i) : y, to + i, count - i);
  }
}

inline void normalize(const float* values, const float* weight, const float* bias, float epsilon,
                      int64_t width, float* normalized) {
  Vector sums{};
  for (int64_t i = 0; i < width; i += kLanes) sums += load_part(values + i, width - i);
  const float mean = sum_of(sums) / static_cast<float>(width);
  Vector squares{};
  for (int64_t i = 0; i < width; i += kLanes) {
    const Vector centred = load_part(values + i, width - i, mean) - mean;
    squares = multiply_add(centred, centred, squares);
  }
  const float scale = 1 / __builtin_sqrtf(sum_of(squares) / static_cast<float>(width) + epsilon);
  for (int64_t i = 0; i < width; i += kLanes) {
    const int64_t count = width - i;
    const Vector centred = (load_part(values + i, count) - mean) * scale;
    store_part(multiply_add(centred, load_part(weight + i, count), load_part(bias + i, count)),
               normalized + i, count);
  }
}

inline void encode_int8(const float* values, int64_t width, const Rows& rows, int64_t row) {
  Vector least{}, most{}, faults{};
  const auto look_at = [&](Vector x) __attribute__((always_inline)) {
    least = x < least ? x : least;
    most = x > most ? x : most;
    faults += x * 0.0f;
  };
  int64_t seen = 0;
  for (; seen + kLanes <= width; seen += kLanes) look_at(load(values + seen));
  if (seen < width) look_at(load_part(values + seen, width - seen));
  float low = 0, high = 0;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    low = least[lane] < low ? least[lane] : low;
    high = most[lane] > high ? most[lane] : high;
  }
  const float range = high / 255 - low / 255;                                         // neither overflows
  const float per_step = range > 1e-30f && range < __builtin_inff() ? 1 / range : 0;  // always finite
  constexpr float kRound = 0x1.8p23f;  // adding it leaves an integer in the low bits
  const float zero = per_step > 0 ? -low * per_step + kRound - kRound : 0;
  rows.scale[row] = range + sum_of(faults);
  rows.zero[row] = static_cast<int32_t>(zero);
  uint8_t* const to = rows.values + row * rows.bytes;
  const auto codes = [&](Vector x) __attribute__((always_inline)) {
    const Vector code = multiply_add(x, Vector{} + per_step, Vector{} + zero);
    return reinterpret_cast<Integers>((code < 0 ? Vector{} : code > 255 ? Vector{} + 255.0f : code) + kRound);
  };
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) store_bytes(codes(load(values + i)), to + i);
  if (i < width) {
    uint8_t last[kLanes];
    store_bytes(codes(load_part(values + i, width - i)), last);
    for (int64_t lane = 0; i + lane < width; ++lane) to[i + lane] = last[lane];
  }
  for (int64_t byte = width; byte < rows.bytes; ++byte) to[byte] = 0;
}

// To the nearest, ties to even; what is not a number stays so.
inline void encode_bf16(const float* values, int64_t width, const Rows& rows, int64_t row) {
  uint8_t* const to = rows.values + row * rows.bytes;
  const auto halves = [&](Vector x) __attribute__((always_inline)) {
    const Integers bits = reinterpret_cast<Integers>(x);
    const Integers rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    return x == x ? rounded : Integers{} + 0x7FC0;
  };
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) store_halves(halves(load(values + i)), to + i * 2);
  if (i < width) {
    uint8_t last[kLanes * 2];
    store_halves(halves(load_part(values + i, width - i)), last);
    for (int64_t byte = 0; i * 2 + byte < width * 2; ++byte) to[i * 2 + byte] = last[byte];
  }
  for (int64_t byte = width * 2; byte < rows.bytes; ++byte) to[byte] = 0;
}

}  // namespace
