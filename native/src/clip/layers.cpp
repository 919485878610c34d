#include "clip/layers.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace clip4j {

void multiply(std::span<float> values, double factor) {
  if (factor == 1) return;
  for (float& value : values) value = static_cast<float>(value * factor);
}

int64_t rounded_rows(int64_t rows) {
  constexpr int64_t kSmallest = 16;
  const auto octave = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(rows)));
  const int64_t step = std::max(kSmallest, octave / 4);
  return (rows + step - 1) / step * step;
}

torch::Tensor zero_padded(int64_t rows, int64_t total, int64_t width) {
  torch::Tensor matrix = torch::Tensor::empty({total, width});
  std::fill_n(matrix.data() + rows * width, (total - rows) * width, 0.0f);
  return matrix;
}

Linear::Linear(int64_t outputs, int64_t inputs, Bias bias)
    : outputs_(outputs), inputs_(inputs), has_bias_(bias == Bias::kYes) {}

void Linear::declare(Weights& weights, const std::vector<std::string>& prefixes, double weight_factor,
                     double bias_factor) {
  const int64_t rows = outputs_ / static_cast<int64_t>(prefixes.size());
  weight_.declare(weights, prefixes, ".weight", {rows, inputs_}, [this, weight_factor](Buffer values) {
    multiply(values.span(), weight_factor);
    pack(values);
  });
  declare_bias(weights, prefixes, bias_factor);
}

void Linear::declare_shaped(Weights& weights, const std::string& prefix,
                            const std::vector<int64_t>& weight_shape) {
  weight_.declare(weights, {prefix}, ".weight", weight_shape, [this](Buffer values) { pack(values); });
  declare_bias(weights, {prefix}, 1);
}

void Linear::declare_bias(Weights& weights, const std::vector<std::string>& prefixes, double factor) {
  if (!has_bias_) return;
  const int64_t rows = outputs_ / static_cast<int64_t>(prefixes.size());
  stacked_bias_.declare(weights, prefixes, ".bias", {rows}, [this, factor](Buffer values) {
    multiply(values.span(), factor);
    bias_ = std::move(values);
    bias_tensor_ = torch::Tensor::from_blob(bias_.data(), {outputs_});
  });
}

void Linear::pack(const Buffer& values) {
  packed_ = torch::pack_linear(torch::Tensor::from_blob(values.data(), {outputs_, inputs_}));
  packed_bytes_.add(outputs_ * inputs_ * static_cast<int64_t>(sizeof(float)));
}

torch::Tensor Linear::run(const torch::Tensor& x, torch::Activation activation) const {
  return torch::linear(x, packed_, bias_tensor_, activation);
}

torch::Tensor Linear::run_and_add(const torch::Tensor& x, const torch::Tensor& residual) const {
  return torch::linear_add(x, packed_, bias_tensor_, residual);
}

LayerNorm::LayerNorm(int64_t width, double epsilon)
    : epsilon_(epsilon),
      weight_(width),
      bias_(width),
      weight_tensor_(torch::Tensor::from_blob(weight_.data(), {width})),
      bias_tensor_(torch::Tensor::from_blob(bias_.data(), {width})) {}

void LayerNorm::declare(Weights& weights, const std::string& prefix) {
  weights.want(prefix + ".weight", {weight_.size()}, [this] { return weight_.data(); });
  weights.want(prefix + ".bias", {bias_.size()}, [this] { return bias_.data(); });
}

torch::Tensor LayerNorm::run(const torch::Tensor& x) const {
  return torch::layer_norm(x, weight_tensor_, bias_tensor_, epsilon_);
}

}  // namespace clip4j
