#include "clip/device/encoder.h"

#include "base/error.h"
#include "base/exit_gate.h"
#include "clip/encoder_layers.h"

namespace clip4j {

DeviceEncoder::Layer::Layer(const clip4j_tower& tower, const torch::Place& place)
    : norm1(tower.hidden_size, tower.layer_norm_eps, place),
      qkv(3 * int64_t{tower.hidden_size}, tower.hidden_size, true, place),
      out(tower.hidden_size, tower.hidden_size, true, place),
      norm2(tower.hidden_size, tower.layer_norm_eps, place),
      mlp(tower, place) {}

DeviceEncoder::DeviceEncoder(const clip4j_tower& tower, bool causal, const torch::Place& place)
    : hidden_(tower.hidden_size), heads_(tower.heads), causal_(causal) {
  for (int32_t i = 0; i < tower.layers; ++i) layers_.emplace_back(tower, place);
}

void DeviceEncoder::declare(Weights& weights, const std::string& prefix) {
  declare_layers(weights, prefix, layers_,
                 [&](Layer& layer, const std::string& name) { layer.mlp.declare(weights, name); });
}

// Behind the last layer's attention only the wanted rows matter.
torch::Tensor DeviceEncoder::run(torch::Tensor x, int64_t sequences, const torch::Tensor& wanted) const {
  for (const Layer& layer : layers_) {
    exit_gate::check_running();
    torch::Tensor attended = attend(layer.qkv.run(layer.norm1.run(x)), sequences);
    if (wanted && &layer == &layers_.back()) {
      attended = torch::aten::rows(attended, wanted);
      x = torch::aten::rows(x, wanted);
    }
    x = torch::aten::add(x, layer.out.run(attended));
    x = layer.mlp.run_and_add(layer.norm2.run(x), x);
  }
  return x;
}

torch::Tensor DeviceEncoder::attend(const torch::Tensor& qkv, int64_t sequences) const {
  const int64_t length = qkv.sizes()[0] / sequences, width = hidden_ / heads_, stride = 3 * hidden_;
  const auto part = [&](int64_t number) {
    return torch::aten::view(qkv, {sequences, heads_, length, width}, {length * stride, width, stride, 1},
                             number * hidden_);
  };
  const torch::Tensor attended = torch::aten::attention(part(0), part(1), part(2), causal_);
  return torch::aten::reshaped(torch::aten::transposed(attended), {sequences * length, hidden_});
}

int64_t DeviceEncoder::bytes() const {
  int64_t bytes = 0;
  for (const Layer& layer : layers_) {
    bytes +=
        layer.norm1.bytes() + layer.qkv.bytes() + layer.out.bytes() + layer.norm2.bytes() + layer.mlp.bytes();
  }
  return bytes;
}

}  // namespace clip4j
