#include "clip/device_layers.h"

#include <utility>

#include "clip/layers.h"
#include "clip/mlp.h"

namespace clip4j {
namespace {

int64_t size_of(const std::vector<int64_t>& shape) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  return size;
}

std::vector<std::string> with_suffix(std::vector<std::string> names, const char* suffix) {
  for (std::string& name : names) name += suffix;
  return names;
}

}  // namespace

void DeviceTensor::declare(Weights& weights, const std::string& name, std::vector<int64_t> shape,
                           std::vector<int64_t> placed, std::function<Buffer(const Buffer&)> changed) {
  const int64_t size = size_of(shape);
  weights.want(
      name, std::move(shape),
      [this, size] {
        staging_ = Buffer(size);
        return staging_.data();
      },
      [this, placed = std::move(placed), changed = std::move(changed)] {
        if (changed) staging_ = changed(staging_);
        place(placed);
      });
}

void DeviceTensor::declare_stacked(Weights& weights, const std::vector<std::string>& names,
                                   std::vector<int64_t> shape, double factor) {
  const int64_t size = size_of(shape);
  const size_t parts = names.size();
  std::vector<int64_t> stacked = shape;
  stacked[0] *= static_cast<int64_t>(parts);
  for (size_t part = 0; part < parts; ++part) {
    weights.want(
        names[part], shape,
        [this, size, part, parts] {
          if (staging_.size() == 0) staging_ = Buffer(size * static_cast<int64_t>(parts));
          return staging_.data() + size * static_cast<int64_t>(part);
        },
        [this, factor, parts, stacked] {
          if (++parts_read_ < parts) return;
          multiply(staging_.span(), factor);
          place(stacked);
        });
  }
}

void DeviceTensor::place(const std::vector<int64_t>& shape) {
  tensor_ = torch::aten::upload(staging_.data(), shape, place_);
  counted_.add(staging_.size() * (place_.type == torch::Type::kFloat32 ? 4 : 2));
  staging_ = Buffer();
}

DeviceLinear::DeviceLinear(int64_t outputs, int64_t inputs, bool bias, const torch::Place& place)
    : outputs_(outputs), inputs_(inputs), has_bias_(bias), weight_(place), bias_(place) {}

void DeviceLinear::declare(Weights& weights, const std::vector<std::string>& prefixes, double weight_factor,
                           double bias_factor) {
  const int64_t rows = outputs_ / static_cast<int64_t>(prefixes.size());
  weight_.declare_stacked(weights, with_suffix(prefixes, ".weight"), {rows, inputs_}, weight_factor);
  if (has_bias_) bias_.declare_stacked(weights, with_suffix(prefixes, ".bias"), {rows}, bias_factor);
}

void DeviceLinear::declare_shaped(Weights& weights, const std::string& prefix,
                                  std::vector<int64_t> weight_shape) {
  weight_.declare(weights, prefix + ".weight", std::move(weight_shape), {outputs_, inputs_});
  if (has_bias_) bias_.declare_stacked(weights, {prefix + ".bias"}, {outputs_});
}

torch::Tensor DeviceLinear::run(const torch::Tensor& x) const {
  return torch::aten::linear(x, weight_.get(), bias_.get());
}

void DeviceNorm::declare(Weights& weights, const std::string& prefix) {
  weight_.declare_stacked(weights, {prefix + ".weight"}, {width_});
  bias_.declare_stacked(weights, {prefix + ".bias"}, {width_});
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
