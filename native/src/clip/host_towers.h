#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "clip/buffer.h"
#include "clip/config.h"
#include "clip/encoder.h"
#include "clip/layers.h"
#include "clip/patch_embedding.h"
#include "clip/pooling.h"
#include "clip/towers.h"
#include "clip/weights.h"

// The towers on the CPU: float32 tensors between layers in float32 or in fewer bits.
namespace clip4j {

class HostVisionTower final : public VisionTower {
 public:
  HostVisionTower(const clip4j_config& config, clip4j_precision precision);

  void declare(Weights& weights) override;
  torch::Tensor run(torch::Tensor patches, int64_t pictures) const override;
  int64_t bytes() const override;
  int64_t scratch_bytes() const override {
    return patch_embedding_.scratch_bytes() + encoder_->scratch_bytes();
  }
  const char* kernel() const override { return encoder_->kernel(); }

 private:
  torch::Tensor embed(torch::Tensor patches, int64_t pictures) const;

  const clip4j_config config_;
  Buffer class_embedding_, position_embedding_;  // the former empty where there is no class token
  PatchEmbedding patch_embedding_;
  std::optional<LayerNorm> pre_norm_;
  const std::unique_ptr<Encoder> encoder_;
  LayerNorm post_norm_;
  std::optional<AttentionPooling> pooling_;
  std::optional<Linear> projection_;
};

class HostTextTower final : public TextTower {
 public:
  HostTextTower(const clip4j_config& config, clip4j_precision precision);

  void declare(Weights& weights) override;
  torch::Tensor run(std::span<const std::span<const int32_t>> texts) const override;
  int64_t bytes() const override;
  int64_t scratch_bytes() const override { return encoder_->scratch_bytes(); }

 private:
  const clip4j_config config_;
  Buffer token_embedding_, position_embedding_, token_type_;  // the last empty where there is none
  const std::unique_ptr<Encoder> encoder_;
  LayerNorm final_norm_;
  std::optional<Linear> inner_;
  Linear projection_;
};

}  // namespace clip4j
