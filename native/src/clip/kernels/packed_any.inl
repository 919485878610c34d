// The multiplication of packed kernels for CPUs without a product of 8-bit or 16-bit values, in loops that
// the compiler turns into vectors. Included like packed_rows.inl, once for each instruction set.

#include "clip/kernels/packed_rows.inl"

namespace {

inline void multiply_int8(const Weights& weights, int64_t panel, int64_t, const Rows& rows,
                          const Output& output) {
  constexpr int64_t kPanel = clip4j::packed::kPanel;
  const int64_t bytes = weights.steps * clip4j::packed::kStepBytes;
  const auto* const panel_values = reinterpret_cast<const int8_t*>(weights.values) + panel * bytes * kPanel;
  for (int64_t row = 0; row < rows.count; ++row) {
    const uint8_t* const x = rows.values + row * rows.bytes;
    int32_t sums[kPanel] = {};
    const int8_t* w = panel_values;
    for (int64_t offset = 0; offset < bytes; offset += 4, w += kPanel * 4) {
      const int32_t a = x[offset], b = x[offset + 1], c = x[offset + 2], d = x[offset + 3];
      for (int64_t i = 0; i < kPanel; ++i) {
        sums[i] += a * w[i * 4] + b * w[i * 4 + 1] + c * w[i * 4 + 2] + d * w[i * 4 + 3];
      }
    }
    float products[kPanel];
    for (int64_t i = 0; i < kPanel; ++i) {
      const int64_t o = panel * kPanel + i;
      products[i] = static_cast<float>(sums[i] - weights.sum[o] * rows.zero[row]) *
                    (weights.scale[o] * rows.scale[row]);
    }
    finish(products, weights, panel, output, row);
  }
}

inline void multiply_bf16(const Weights& weights, int64_t panel, int64_t, const Rows& rows,
                          const Output& output) {
  constexpr int64_t kPanel = clip4j::packed::kPanel;
  const int64_t bytes = weights.steps * clip4j::packed::kStepBytes;
  const auto as_float = [](uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof(value));
    return value;
  };
  for (int64_t row = 0; row < rows.count; ++row) {
    const uint8_t* const x = rows.values + row * rows.bytes;
    float products[kPanel] = {};
    const uint8_t* w = weights.values + panel * bytes * kPanel;
    for (int64_t offset = 0; offset < bytes; offset += 4, w += kPanel * 4) {
      uint32_t pair;
      __builtin_memcpy(&pair, x + offset, sizeof(pair));
      const float low = as_float(pair << 16), high = as_float(pair & 0xFFFF0000);
      for (int64_t i = 0; i < kPanel; ++i) {
        uint32_t both;
        __builtin_memcpy(&both, w + i * 4, sizeof(both));
        products[i] += low * as_float(both << 16) + high * as_float(both & 0xFFFF0000);
      }
    }
    finish(products, weights, panel, output, row);
  }
}

}  // namespace
