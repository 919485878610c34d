#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "clip/device/encoder.h"
#include "clip/device/layers.h"
#include "clip/device/pooling.h"
#include "clip/towers.h"
#include "torch/place.h"

// The towers on a device. What they compute in is the allocator's of libtorch, which keeps it for the next
// batch.
namespace clip4j {

// Float32, bfloat16 and float16 alone.
torch::Place device_place(const torch::Device& device, clip4j_precision precision);

class DeviceVisionTower final : public VisionTower {
 public:
  DeviceVisionTower(const clip4j_config& config, const torch::Place& place);

  void declare(Weights& weights) override;
  torch::Tensor run(torch::Tensor patches, int64_t pictures) const override;
  int64_t bytes() const override;
  int64_t scratch_bytes() const override { return 0; }
  const char* kernel() const override { return "libtorch"; }

 private:
  torch::Tensor embed(torch::Tensor patches, int64_t pictures) const;
  torch::Tensor first_rows(int64_t pictures) const;

  const clip4j_config config_;
  const torch::Place place_;
  DeviceTensor class_embedding_, position_embedding_;  // the former empty where there is no class token
  DeviceLinear patch_embedding_;
  std::optional<DeviceNorm> pre_norm_;
  DeviceEncoder encoder_;
  DeviceNorm post_norm_;
  std::optional<DevicePooling> pooling_;
  std::optional<DeviceLinear> projection_;
};

// Shorter texts of a batch are padded behind: none may be shorter than another where the text tower is not
// causal.
class DeviceTextTower final : public TextTower {
 public:
  DeviceTextTower(const clip4j_config& config, const torch::Place& place);

  void declare(Weights& weights) override;
  torch::Tensor run(std::span<const std::span<const int32_t>> texts) const override;
  int64_t bytes() const override;
  int64_t scratch_bytes() const override { return 0; }

 private:
  const clip4j_config config_;
  const torch::Place place_;
  DeviceTensor token_embedding_, position_embedding_;
  DeviceEncoder encoder_;
  DeviceNorm final_norm_;
  DeviceLinear projection_;
};

}  // namespace clip4j
