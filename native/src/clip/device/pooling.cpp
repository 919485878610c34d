#include "clip/device/pooling.h"

namespace clip4j {

DevicePooling::DevicePooling(const clip4j_tower& tower, const torch::Place& place)
    : hidden_(tower.hidden_size),
      heads_(tower.heads),
      probe_(place),
      query_(tower.hidden_size, tower.hidden_size, true, place),
      key_value_(2 * int64_t{tower.hidden_size}, tower.hidden_size, true, place),
      out_(tower.hidden_size, tower.hidden_size, true, place),
      norm_(tower.hidden_size, tower.layer_norm_eps, place),
      mlp_(tower, place) {}

void DevicePooling::declare(Weights& weights, const std::string& prefix) {
  probe_.declare(weights, prefix + ".probe", {1, 1, hidden_}, {1, hidden_});
  query_.declare(weights, {prefix + ".attention.q_proj"});
  key_value_.declare(weights, {prefix + ".attention.k_proj", prefix + ".attention.v_proj"});
  out_.declare(weights, {prefix + ".attention.out_proj"});
  norm_.declare(weights, prefix + ".layernorm");
  mlp_.declare(weights, prefix + ".mlp");
}

torch::Tensor DevicePooling::run(const torch::Tensor& tokens, int64_t pictures) const {
  const int64_t length = tokens.sizes()[0] / pictures, width = hidden_ / heads_, stride = 2 * hidden_;
  // One query for all pictures: it lies where it lies, and their stride is 0.
  const torch::Tensor query =
      torch::aten::view(query_.run(probe_.get()), {pictures, heads_, 1, width}, {0, width, width, 1}, 0);
  const torch::Tensor key_value = key_value_.run(tokens);
  const auto part = [&](int64_t number) {
    return torch::aten::view(key_value, {pictures, heads_, length, width},
                             {length * stride, width, stride, 1}, number * hidden_);
  };
  const torch::Tensor attended = torch::aten::attention(query, part(0), part(1), /*causal=*/false);
  const torch::Tensor pooled = out_.run(torch::aten::reshaped(attended, {pictures, hidden_}));
  return mlp_.run_and_add(norm_.run(pooled), pooled);
}

}  // namespace clip4j
