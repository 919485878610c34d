#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "clip/layers.h"
#include "clip4j.h"

namespace clip4j {

// The pre-norm transformer that both towers share. Sequences of all lengths lie in one matrix without
// padding: only attention works by sequence, so a sequence's result depends on nothing but itself.
class Encoder {
 public:
  // Which row of each sequence is wanted in the end: the first, a class token; or the last of a causal
  // sequence, where row i attends to rows 0 to i only.
  enum class Kind { kClassToken, kCausal };

  Encoder(const clip4j_tower& tower, Kind kind);

  // PREFIX.encoder.layers.N...
  void declare(Weights& weights, const std::string& prefix);
  // x [sum of the lengths, hidden]: the sequences one after another -> the wanted rows [sequences, hidden].
  torch::Tensor run(torch::Tensor x, std::span<const int64_t> lengths) const;

 private:
  struct Layer {
    explicit Layer(const clip4j_tower& tower);

    LayerNorm norm1;
    Linear qkv, out;
    LayerNorm norm2;
    Linear fc1, fc2;
  };

  struct Sequence {
    int64_t first;  // its first row
    int64_t length;
    int64_t wanted;  // its wanted row
  };

  torch::Tensor run_layer(const Layer& layer, torch::Tensor x, std::span<const Sequence> sequences,
                          bool is_last) const;
  torch::Tensor attend(const torch::Tensor& qkv, std::span<const Sequence> sequences, bool wanted_only) const;
  torch::Tensor wanted_rows(const torch::Tensor& x, std::span<const Sequence> sequences) const;

  const Kind kind_;
  const int64_t hidden_;
  const int64_t heads_;
  const bool quick_gelu_;
  std::deque<Layer> layers_;
};

}  // namespace clip4j
