#include "clip/device/layers.h"

#include <utility>

#include "clip/layers.h"
#include "clip/mlp.h"

namespace clip4j {

void DeviceTensor::declare(Weights& weights, const std::string& name, const std::vector<int64_t>& shape,
                           std::vector<int64_t> placed, std::function<Buffer(const Buffer&)> changed) {
  stacked_.declare(weights, {name}, "", shape,
                   [this, placed = std::move(placed), changed = std::move(changed)](Buffer values) {
                     place(changed ? changed(values) : std::move(values), placed);
                   });
}

void DeviceTensor::declare_stacked(Weights& weights, const std::vector<std::string>& prefixes,
                                   const char* suffix, const std::vector<int64_t>& shape, double factor) {
  std::vector<int64_t> stacked = shape;
  stacked[0] *= static_cast<int64_t>(prefixes.size());
  stacked_.declare(weights, prefixes, suffix, shape, [this, factor, stacked](Buffer values) {
    multiply(values.span(), factor);
    place(values, stacked);
  });
}

void DeviceTensor::place(const Buffer& values, const std::vector<int64_t>& shape) {
  tensor_ = torch::aten::upload(values.data(), shape, place_);
  counted_.add(values.size() * (place_.type == torch::Type::kFloat32 ? 4 : 2));
}

DeviceLinear::DeviceLinear(int64_t outputs, int64_t inputs, bool bias, const torch::Place& place)
    : outputs_(outputs), inputs_(inputs), has_bias_(bias), weight_(place), bias_(place) {}

void DeviceLinear::declare(Weights& weights, const std::vector<std::string>& prefixes, double weight_factor,
                           double bias_factor) {
  const int64_t rows = outputs_ / static_cast<int64_t>(prefixes.size());
  weight_.declare_stacked(weights, prefixes, ".weight", {rows, inputs_}, weight_factor);
  if (has_bias_) bias_.declare_stacked(weights, prefixes, ".bias", {rows}, bias_factor);
}

void DeviceLinear::declare_shaped(Weights& weights, const std::string& prefix,
                                  const std::vector<int64_t>& weight_shape) {
  weight_.declare(weights, prefix + ".weight", weight_shape, {outputs_, inputs_});
  if (has_bias_) bias_.declare_stacked(weights, {prefix}, ".bias", {outputs_});
}

torch::Tensor DeviceLinear::run(const torch::Tensor& x) const {
  return torch::aten::linear(x, weight_.get(), bias_.get());
}

void DeviceNorm::declare(Weights& weights, const std::string& prefix) {
  weight_.declare_stacked(weights, {prefix}, ".weight", {width_});
  bias_.declare_stacked(weights, {prefix}, ".bias", {width_});
}

DeviceMlp::DeviceMlp(const clip4j_tower& tower, const torch::Place& place)
    : activation_(static_cast<clip4j_activation>(tower.activation)),
      fc1_(tower.intermediate_size, tower.hidden_size, true, place),
      fc2_(tower.hidden_size, tower.intermediate_size, true, place) {}

void DeviceMlp::declare(Weights& weights, const std::string& prefix) {
  const double c = activation_factor(activation_);
  fc1_.declare(weights, {prefix + ".fc1"}, c, c);
  fc2_.declare(weights, {prefix + ".fc2"}, 1 / c);
}

torch::Tensor DeviceMlp::run_and_add(const torch::Tensor& x, const torch::Tensor& residual) const {
  return torch::aten::add(residual, fc2_.run(torch::aten::activate(fc1_.run(x), computed(activation_))));
}

}  // namespace clip4j
