#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/accounting.h"
#include "clip/buffer.h"
#include "clip/stacked_tensor.h"
#include "clip/weights.h"
#include "clip4j.h"
#include "torch/aten.h"
#include "torch/place.h"

// The parts that towers on a device are made of. Each declares its tensors to a Weights, which keeps pointers
// to it: none moves. They compute on the lane only, in the type of their place.
namespace clip4j {

// Numbers of a model on a device: they go there once, when the last of them has been read.
class DeviceTensor {
 public:
  explicit DeviceTensor(const torch::Place& place) : place_(place) {}
  DeviceTensor(const DeviceTensor&) = delete;
  DeviceTensor& operator=(const DeviceTensor&) = delete;

  // A tensor of the checkpoint's; `changed` makes of it what goes to the device, in the shape `placed`.
  void declare(Weights& weights, const std::string& name, const std::vector<int64_t>& shape,
               std::vector<int64_t> placed, std::function<Buffer(const Buffer&)> changed = {});
  // As StackedTensor's, multiplied by the factor.
  void declare_stacked(Weights& weights, const std::vector<std::string>& prefixes, const char* suffix,
                       const std::vector<int64_t>& shape, double factor = 1);

  const torch::Tensor& get() const { return tensor_; }
  // Of the device's memory, here as everywhere below.
  int64_t bytes() const { return counted_.bytes(); }

 private:
  void place(const Buffer& values, const std::vector<int64_t>& shape);

  const torch::Place place_;
  StackedTensor stacked_;
  torch::Tensor tensor_;
  CountedBytes counted_;
};

// y = x W^T + b.
class DeviceLinear {
 public:
  DeviceLinear(int64_t outputs, int64_t inputs, bool bias, const torch::Place& place);

  // As Linear's (clip/layers.h).
  void declare(Weights& weights, const std::vector<std::string>& prefixes, double weight_factor = 1,
               double bias_factor = 1);
  void declare_shaped(Weights& weights, const std::string& prefix, const std::vector<int64_t>& weight_shape);

  torch::Tensor run(const torch::Tensor& x) const;
  int64_t bytes() const { return weight_.bytes() + bias_.bytes(); }

 private:
  const int64_t outputs_, inputs_;
  const bool has_bias_;
  DeviceTensor weight_, bias_;  // the latter empty where there is none
};

class DeviceNorm {
 public:
  DeviceNorm(int64_t width, double epsilon, const torch::Place& place)
      : width_(width), epsilon_(epsilon), weight_(place), bias_(place) {}

  void declare(Weights& weights, const std::string& prefix);
  torch::Tensor run(const torch::Tensor& x) const {
    return torch::layer_norm(x, weight_.get(), bias_.get(), epsilon_);
  }
  int64_t bytes() const { return weight_.bytes() + bias_.bytes(); }

 private:
  const int64_t width_;
  const double epsilon_;
  DeviceTensor weight_, bias_;
};

// Two layers with an activation between them.
class DeviceMlp {
 public:
  DeviceMlp(const clip4j_tower& tower, const torch::Place& place);

  void declare(Weights& weights, const std::string& prefix);
  torch::Tensor run_and_add(const torch::Tensor& x, const torch::Tensor& residual) const;
  int64_t bytes() const { return fc1_.bytes() + fc2_.bytes(); }

 private:
  const clip4j_activation activation_;
  DeviceLinear fc1_, fc2_;
};

}  // namespace clip4j
