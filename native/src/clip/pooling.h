#pragma once

#include <cstdint>
#include <string>

#include "clip/buffer.h"
#include "clip/layers.h"
#include "clip/mlp.h"
#include "clip4j.h"

namespace clip4j {

// SigLIP's head: a learned query, the probe, attends to all tokens of a picture; an MLP with a residual
// follows (transformers' SiglipMultiheadAttentionPoolingHead). Computes on the lane only.
class AttentionPooling {
 public:
  explicit AttentionPooling(const clip4j_tower& tower);

  // PREFIX.probe, PREFIX.attention..., PREFIX.layernorm, PREFIX.mlp
  void declare(Weights& weights, const std::string& prefix);
  // tokens [pictures x length, hidden] -> [at least pictures, hidden]
  torch::Tensor run(const torch::Tensor& tokens, int64_t pictures) const;
  int64_t bytes() const {
    return probe_.bytes() + query_.bytes() + key_value_.bytes() + out_.bytes() + norm_.bytes() + mlp_.bytes();
  }

 private:
  torch::Tensor attend(const torch::Tensor& query, const torch::Tensor& key_value, int64_t pictures) const;

  const int64_t hidden_;
  const int64_t heads_;
  Buffer probe_;
  Linear query_, key_value_, out_;
  LayerNorm norm_;
  Mlp mlp_;
};

}  // namespace clip4j
