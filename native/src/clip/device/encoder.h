#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "clip/device/layers.h"
#include "clip4j.h"

namespace clip4j {

// The transformer on a device, by libtorch's own operations and its fused attention. Sequences of one length
// lie in one matrix, one after another. Nothing in it waits for the device.
class DeviceEncoder {
 public:
  DeviceEncoder(const clip4j_tower& tower, bool causal, const torch::Place& place);

  // PREFIX.encoder.layers.N...
  void declare(Weights& weights, const std::string& prefix);
  // x [sequences x length, hidden] -> the rows whose numbers are `wanted`, or all where that is an empty
  // Tensor.
  torch::Tensor run(torch::Tensor x, int64_t sequences, const torch::Tensor& wanted) const;
  int64_t bytes() const;

 private:
  struct Layer {
    Layer(const clip4j_tower& tower, const torch::Place& place);

    DeviceNorm norm1;
    DeviceLinear qkv, out;
    DeviceNorm norm2;
    DeviceMlp mlp;
  };

  torch::Tensor attend(const torch::Tensor& qkv, int64_t sequences) const;

  const int64_t hidden_, heads_;
  const bool causal_;
  std::deque<Layer> layers_;
};

}  // namespace clip4j
