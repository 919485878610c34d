#include "clip/encoder.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/exit_gate.h"
#include "clip/attention.h"

namespace clip4j {

int64_t rounded_rows(int64_t rows) {
  constexpr int64_t kSmallest = 16;
  const auto octave = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(rows)));
  const int64_t step = std::max(kSmallest, octave / 4);
  return (rows + step - 1) / step * step;
}

torch::Tensor zero_padded(int64_t rows, int64_t total, int64_t width) {
  torch::Tensor matrix = torch::Tensor::empty({total, width});
  std::fill_n(matrix.data() + rows * width, (total - rows) * width, 0.0f);
  return matrix;
}

Encoder::Layer::Layer(const clip4j_tower& tower)
    : norm1(tower.hidden_size, tower.layer_norm_eps),
      qkv(3 * int64_t{tower.hidden_size}, tower.hidden_size, Linear::Bias::kYes),
      out(tower.hidden_size, tower.hidden_size, Linear::Bias::kYes),
      norm2(tower.hidden_size, tower.layer_norm_eps),
      mlp(tower) {}

Encoder::Encoder(const clip4j_tower& tower, Wanted wanted, bool causal)
    : wanted_(wanted), causal_(causal), hidden_(tower.hidden_size), heads_(tower.heads) {
  for (int32_t i = 0; i < tower.layers; ++i) layers_.emplace_back(tower);
}

void Encoder::declare(Weights& weights, const std::string& prefix) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    const std::string name = text(prefix, ".encoder.layers.", i);
    Layer& layer = layers_[i];
    layer.norm1.declare(weights, name + ".layer_norm1");
    layer.qkv.declare(weights,
                      {name + ".self_attn.q_proj", name + ".self_attn.k_proj", name + ".self_attn.v_proj"});
    layer.out.declare(weights, {name + ".self_attn.out_proj"});
    layer.norm2.declare(weights, name + ".layer_norm2");
    layer.mlp.declare(weights, name + ".mlp");
  }
}

torch::Tensor Encoder::run(torch::Tensor x, std::span<const int64_t> lengths) const {
  std::vector<Sequence> sequences;
  sequences.reserve(lengths.size());
  int64_t first = 0;
  for (const int64_t length : lengths) {
    sequences.push_back({first, length, wanted_ == Wanted::kLast ? first + length - 1 : first});
    first += length;
  }
  for (const Layer& layer : layers_) {
    exit_gate::check_running();
    const bool wanted_only = wanted_ != Wanted::kAll && &layer == &layers_.back();
    x = run_layer(layer, std::move(x), sequences, wanted_only);
  }
  return x;
}

// Behind the last layer's keys and values only the wanted rows matter: where that is one a sequence, the rest
// of that layer runs for them alone.
torch::Tensor Encoder::run_layer(const Layer& layer, torch::Tensor x, std::span<const Sequence> sequences,
                                 bool wanted_only) const {
  const torch::Tensor attended = attend(layer.qkv.run(layer.norm1.run(x)), sequences, wanted_only);
  if (wanted_only) x = wanted_rows(x, sequences);
  x = layer.out.run_and_add(attended, x);
  return layer.mlp.run_and_add(layer.norm2.run(x), x);
}

torch::Tensor Encoder::attend(const torch::Tensor& qkv, std::span<const Sequence> sequences,
                              bool wanted_only) const {
  const auto count = static_cast<int64_t>(sequences.size());
  const int64_t width = hidden_ / heads_;
  int64_t longest = 0;
  for (const Sequence& sequence : sequences) longest = std::max(longest, sequence.length);
  const int64_t scratch_size = attention_scratch(longest, width);
  const Buffer scratch(torch::thread_count() * scratch_size);
  torch::Tensor attended =
      wanted_only ? zero_padded(count, rounded_rows(count), hidden_)
                  : zero_padded(sequences.back().first + sequences.back().length, qkv.sizes()[0], hidden_);
  const float* const from = qkv.data();
  float* const to = attended.data();
  AttentionKernel* const kernel = attention_kernel();
  torch::parallel_for(count * heads_, [&](int64_t index, int64_t thread) {
    const int64_t number = index / heads_, column = index % heads_ * width, stride = 3 * hidden_;
    const Sequence& sequence = sequences[static_cast<size_t>(number)];
    const float* key = from + sequence.first * stride + hidden_ + column;
    // The wanted row of a causal sequence is its last, which sees all the others: no mask is left.
    const AttentionHead head{
        .query = from + (wanted_only ? sequence.wanted : sequence.first) * stride + column,
        .key = key,
        .value = key + hidden_,
        .stride = stride,
        .queries = wanted_only ? 1 : sequence.length,
        .length = sequence.length,
        .width = width,
        .causal = causal_ && !wanted_only,
        .out = to + (wanted_only ? number : sequence.first) * hidden_ + column,
        .out_stride = hidden_};
    kernel(head, scratch.data() + thread * scratch_size);
  });
  return attended;
}

torch::Tensor Encoder::wanted_rows(const torch::Tensor& x, std::span<const Sequence> sequences) const {
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
