#pragma once

#include <cstdint>
#include <string>

#include "clip/device/layers.h"
#include "clip4j.h"

namespace clip4j {

// SigLIP's head (clip/pooling.h) on a device.
class DevicePooling {
 public:
  DevicePooling(const clip4j_tower& tower, const torch::Place& place);

  void declare(Weights& weights, const std::string& prefix);
  // tokens [pictures x length, hidden] -> [pictures, hidden]
  torch::Tensor run(const torch::Tensor& tokens, int64_t pictures) const;
  int64_t bytes() const {
    return probe_.bytes() + query_.bytes() + key_value_.bytes() + out_.bytes() + norm_.bytes() + mlp_.bytes();
  }

 private:
  const int64_t hidden_, heads_;
  DeviceTensor probe_;
  DeviceLinear query_, key_value_, out_;
  DeviceNorm norm_;
  DeviceMlp mlp_;
};

}  // namespace clip4j
