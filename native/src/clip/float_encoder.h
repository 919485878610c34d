#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "clip/encoder.h"
#include "clip/layers.h"
#include "clip/mlp.h"
#include "clip4j.h"

namespace clip4j {

// The transformer in float32, by libtorch's oneDNN. A sequence's result does not depend on the others (but
// for last bits where oneDNN splits long sums between threads, which it decides by the number of rows).
class FloatEncoder final : public Encoder {
 public:
  FloatEncoder(const clip4j_tower& tower, Wanted wanted, bool causal);

  void declare(Weights& weights, const std::string& prefix) override;
  torch::Tensor run(torch::Tensor x, std::span<const int64_t> lengths) const override;
  int64_t bytes() const override;
  const char* kernel() const override { return "libtorch"; }

 private:
  struct Layer {
    explicit Layer(const clip4j_tower& tower);

    LayerNorm norm1;
    Linear qkv, out;
    LayerNorm norm2;
    Mlp mlp;
  };

  torch::Tensor run_layer(const Layer& layer, torch::Tensor x, std::span<const Sequence> sequences,
                          bool wanted_only) const;
  torch::Tensor attend(const torch::Tensor& qkv, std::span<const Sequence> sequences, bool wanted_only) const;
  torch::Tensor wanted_rows(const torch::Tensor& x, std::span<const Sequence> sequences) const;

  std::deque<Layer> layers_;
};

}  // namespace clip4j
