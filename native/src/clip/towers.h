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
#include "clip/weights.h"

// The two towers of CLIP and of its relatives, in Hugging Face's naming. They compute on the lane only.
namespace clip4j {

class VisionTower {
 public:
  VisionTower(const clip4j_config& config, clip4j_precision precision);

  void declare(Weights& weights);
  // patches [pictures x patches, patch width], row-major, borrowed -> [at least pictures, projection_dim],
  // not yet unit length.
  torch::Tensor run(const float* patches, int64_t pictures) const;
  int64_t bytes() const;
  int64_t scratch_bytes() const { return patch_embedding_.scratch_bytes() + encoder_->scratch_bytes(); }

 private:
  torch::Tensor embed(const float* patches, int64_t pictures) const;

  const clip4j_config config_;
  Buffer class_embedding_, position_embedding_;  // the former empty where there is no class token
  PatchEmbedding patch_embedding_;
  std::optional<LayerNorm> pre_norm_;
  const std::unique_ptr<Encoder> encoder_;
  LayerNorm post_norm_;
  std::optional<AttentionPooling> pooling_;
  std::optional<Linear> projection_;
};

class TextTower {
 public:
  TextTower(const clip4j_config& config, clip4j_precision precision);

  void declare(Weights& weights);
  // Each text is read at the last of its ids, the first, or all. -> [at least texts, projection_dim], not yet
  // unit length.
  torch::Tensor run(std::span<const std::span<const int32_t>> texts) const;
  int64_t bytes() const;
  int64_t scratch_bytes() const { return encoder_->scratch_bytes(); }

 private:
  const clip4j_config config_;
  Buffer token_embedding_, position_embedding_, token_type_;  // the last empty where there is none
  const std::unique_ptr<Encoder> encoder_;
  LayerNorm final_norm_;
  std::optional<Linear> inner_;
  Linear projection_;
};

}  // namespace clip4j
