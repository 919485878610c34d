#include "clip/encoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/exit_gate.h"

namespace clip4j {
namespace {

// quick_gelu(x) = x sigmoid(c x) = silu(c x) / c. oneDNN computes silu while the product is in registers, so c goes
// into the weights before it and 1/c into those behind it.
constexpr double kQuickGelu = 1.702;

int64_t sequences_of(std::span<const Group> groups) {
  int64_t sequences = 0;
  for (const Group& group : groups) sequences += group.sequences;
  return sequences;
}

void copy_rows(const float* from, int64_t rows, int64_t width, float* to) {
  std::memcpy(to, from, static_cast<size_t>(rows * width) * sizeof(float));
}

}  // namespace

Encoder::Layer::Layer(const clip4j_tower& tower)
    : norm1(tower.hidden_size, tower.layer_norm_eps),
      qkv(3 * int64_t{tower.hidden_size}, tower.hidden_size, Linear::Bias::kYes),
      out(tower.hidden_size, tower.hidden_size, Linear::Bias::kYes),
      norm2(tower.hidden_size, tower.layer_norm_eps),
      fc1(tower.intermediate_size, tower.hidden_size, Linear::Bias::kYes),
      fc2(tower.hidden_size, tower.intermediate_size, Linear::Bias::kYes) {}

Encoder::Encoder(const clip4j_tower& tower, Kind kind)
    : kind_(kind),
      hidden_(tower.hidden_size),
      heads_(tower.heads),
      quick_gelu_(tower.activation == CLIP4J_QUICK_GELU) {
  for (int32_t i = 0; i < tower.layers; ++i) layers_.emplace_back(tower);
}

void Encoder::declare(Weights& weights, const std::string& prefix) {
  const double c = quick_gelu_ ? kQuickGelu : 1;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const std::string name = text(prefix, ".encoder.layers.", i);
    Layer& layer = layers_[i];
    layer.norm1.declare(weights, name + ".layer_norm1");
    layer.qkv.declare(weights, {name + ".self_attn.q_proj", name + ".self_attn.k_proj", name + ".self_attn.v_proj"});
    layer.out.declare(weights, {name + ".self_attn.out_proj"});
    layer.norm2.declare(weights, name + ".layer_norm2");
    layer.fc1.declare(weights, {name + ".mlp.fc1"}, c, c);
    layer.fc2.declare(weights, {name + ".mlp.fc2"}, 1 / c);
  }
}

torch::Tensor Encoder::run(torch::Tensor x, std::span<const Group> groups) const {
  for (const Layer& layer : layers_) {
    exit_gate::check_running();
    x = run_layer(layer, std::move(x), groups, &layer == &layers_.back());
  }
  return x;
}

// Behind the last layer's keys and values only the wanted rows matter: the rest of that layer runs for them alone.
torch::Tensor Encoder::run_layer(const Layer& layer, torch::Tensor x, std::span<const Group> groups,
                                 bool is_last) const {
  const torch::Tensor attended = attend(layer.qkv.run(layer.norm1.run(x)), groups, is_last);
  if (is_last) x = wanted_rows(x, groups);
  x = layer.out.run_and_add(attended, x);
  const auto activation = quick_gelu_ ? torch::Activation::kSilu : torch::Activation::kGelu;
  return layer.fc2.run_and_add(layer.fc1.run(layer.norm2.run(x), activation), x);
}

torch::Tensor Encoder::attend(const torch::Tensor& qkv, std::span<const Group> groups, bool wanted_only) const {
  const int64_t width = hidden_ / heads_;
  const int64_t rows = wanted_only ? sequences_of(groups) : qkv.sizes()[0];
  torch::Tensor attended = torch::Tensor::empty({rows, hidden_});
  float* to = attended.data();
  int64_t first = 0;  // row of qkv
  for (const Group& group : groups) {
    const auto part = [&](int64_t which, int64_t row, int64_t length) {
      return qkv.view({group.sequences, heads_, length, width}, {group.length * 3 * hidden_, width, 3 * hidden_, 1},
                      (first + row) * 3 * hidden_ + which * hidden_);
    };
    const int64_t queries = wanted_only ? 1 : group.length;
    // The wanted row of a causal sequence is its last: it sees all the others, no mask is left.
    const torch::Tensor result =
        torch::attention(part(0, wanted_only ? wanted_row(group) : 0, queries), part(1, 0, group.length),
                         part(2, 0, group.length), kind_ == Kind::kCausal && !wanted_only);
    copy_rows(result.data(), group.sequences * queries, hidden_, to);
    to += group.sequences * queries * hidden_;
    first += group.sequences * group.length;
  }
  return attended;
}

torch::Tensor Encoder::wanted_rows(const torch::Tensor& x, std::span<const Group> groups) const {
  torch::Tensor wanted = torch::Tensor::empty({sequences_of(groups), hidden_});
  float* to = wanted.data();
  const float* from = x.data();
  for (const Group& group : groups) {
    for (int64_t i = 0; i < group.sequences; ++i) {
      copy_rows(from + wanted_row(group) * hidden_, 1, hidden_, to);
      from += group.length * hidden_;
      to += hidden_;
    }
  }
  return wanted;
}

}  // namespace clip4j
