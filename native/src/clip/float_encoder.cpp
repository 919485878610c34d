#include "clip/float_encoder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/exit_gate.h"
#include "clip/encoder_layers.h"
#include "clip/kernels/attention.h"

namespace clip4j {

FloatEncoder::Layer::Layer(const clip4j_tower& tower)
    : norm1(tower.hidden_size, tower.layer_norm_eps),
      qkv(3 * int64_t{tower.hidden_size}, tower.hidden_size, Linear::Bias::kYes),
      out(tower.hidden_size, tower.hidden_size, Linear::Bias::kYes),
      norm2(tower.hidden_size, tower.layer_norm_eps),
      mlp(tower) {}

FloatEncoder::FloatEncoder(const clip4j_tower& tower, Wanted wanted, bool causal)
    : Encoder(tower, wanted, causal) {
  for (int32_t i = 0; i < tower.layers; ++i) layers_.emplace_back(tower);
}

void FloatEncoder::declare(Weights& weights, const std::string& prefix) {
  declare_layers(weights, prefix, layers_,
                 [&](Layer& layer, const std::string& name) { layer.mlp.declare(weights, name); });
}

torch::Tensor FloatEncoder::run(torch::Tensor x, std::span<const int64_t> lengths) const {
  const std::vector<Sequence> sequences = this->sequences(lengths);
  for (const Layer& layer : layers_) {
    exit_gate::check_running();
    const bool wanted_only = wanted_ != Wanted::kAll && &layer == &layers_.back();
    x = run_layer(layer, std::move(x), sequences, wanted_only);
  }
  return x;
}

int64_t FloatEncoder::bytes() const {
  int64_t bytes = 0;
  for (const Layer& layer : layers_) {
    bytes +=
        layer.norm1.bytes() + layer.qkv.bytes() + layer.out.bytes() + layer.norm2.bytes() + layer.mlp.bytes();
  }
  return bytes;
}

// Behind the last layer's keys and values only the wanted rows matter: where that is one a sequence, the rest
// of that layer runs for them alone.
torch::Tensor FloatEncoder::run_layer(const Layer& layer, torch::Tensor x,
                                      std::span<const Sequence> sequences, bool wanted_only) const {
  torch::Tensor normal = layer.norm1.run(x);
  const torch::Tensor attended = attend(layer.qkv.run(normal), sequences, wanted_only);
  if (post_norm_) x = std::move(normal);
  if (wanted_only) x = wanted_rows(x, sequences);
  x = layer.out.run_and_add(attended, x);
  normal = layer.norm2.run(x);
  return layer.mlp.run_and_add(normal, post_norm_ ? normal : x);
}

torch::Tensor FloatEncoder::attend(const torch::Tensor& qkv, std::span<const Sequence> sequences,
                                   bool wanted_only) const {
  const auto count = static_cast<int64_t>(sequences.size());
  const int64_t scratch_size = attention_scratch(longest(sequences), head_width());
  Buffer scratch(torch::thread_count() * scratch_size);
  torch::Tensor attended =
      wanted_only ? zero_padded(count, rounded_rows(count), hidden_)
                  : zero_padded(sequences.back().first + sequences.back().length, qkv.sizes()[0], hidden_);
  const float* const from = qkv.data();
  float* const to = attended.data();
  AttentionKernel* const kernel = attention_kernel(/*may_round=*/false);
  torch::parallel_for(count * heads_, [&](int64_t index, int64_t thread) {
    const int64_t number = index / heads_, column = index % heads_ * head_width();
    const Sequence& sequence = sequences[static_cast<size_t>(number)];
    float* const out = to + (wanted_only ? number : sequence.first) * hidden_ + column;
    kernel(head(from + column, 3 * hidden_, hidden_, sequence, wanted_only, out),
           scratch.data() + thread * scratch_size);
  });
  return attended;
}

torch::Tensor FloatEncoder::wanted_rows(const torch::Tensor& x, std::span<const Sequence> sequences) const {
  const auto count = static_cast<int64_t>(sequences.size());
  torch::Tensor wanted = zero_padded(count, rounded_rows(count), hidden_);
  float* to = wanted.data();
  for (const Sequence& sequence : sequences) {
    std::copy_n(x.data() + sequence.wanted * hidden_, hidden_, to);
    to += hidden_;
  }
  return wanted;
}

}  // namespace clip4j
