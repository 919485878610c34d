#pragma once

#include <cstdint>
#include <span>

#include "clip/buffer.h"
#include "clip/config.h"
#include "clip/encoder.h"
#include "clip/layers.h"
#include "clip/weights.h"

// CLIP's two towers, in Hugging Face's naming. They compute on the lane only.
namespace clip4j {

class VisionTower {
 public:
  explicit VisionTower(const clip4j_config& config);

  void declare(Weights& weights);
  // patches [pictures x patches, patch width], row-major, borrowed -> [at least pictures, projection_dim],
  // not yet unit length.
  torch::Tensor run(const float* patches, int64_t pictures) const;

 private:
  const clip4j_config config_;
  Buffer class_embedding_, position_embedding_;
  Linear patch_embedding_;
  LayerNorm pre_norm_;
  Encoder encoder_;
  LayerNorm post_norm_;
  Linear projection_;
};

class TextTower {
 public:
  explicit TextTower(const clip4j_config& config);

  void declare(Weights& weights);
  // Each text's ids end with its end of text: CLIP's causal mask makes what follows irrelevant.
  // -> [at least texts, projection_dim], not yet unit length.
  torch::Tensor run(std::span<const std::span<const int32_t>> texts) const;

 private:
  const clip4j_config config_;
  Buffer token_embedding_, position_embedding_;
  Encoder encoder_;
  LayerNorm final_norm_;
  Linear projection_;
};

}  // namespace clip4j
