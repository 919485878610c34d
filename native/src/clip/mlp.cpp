#include "clip/mlp.h"

namespace clip4j {

// quick_gelu(x) = x sigmoid(c x) = silu(c x) / c. oneDNN computes silu while the product is in registers.
double activation_factor(clip4j_activation activation) { return activation == CLIP4J_QUICK_GELU ? 1.702 : 1; }

torch::Activation computed(clip4j_activation activation) {
  switch (activation) {
    case CLIP4J_GELU:
      return torch::Activation::kGelu;
    case CLIP4J_GELU_TANH:
      return torch::Activation::kGeluTanh;
    case CLIP4J_QUICK_GELU:
      break;
  }
  return torch::Activation::kSilu;
}

Mlp::Mlp(const clip4j_tower& tower)
    : activation_(static_cast<clip4j_activation>(tower.activation)),
      fc1_(tower.intermediate_size, tower.hidden_size, Linear::Bias::kYes),
      fc2_(tower.hidden_size, tower.intermediate_size, Linear::Bias::kYes) {}

void Mlp::declare(Weights& weights, const std::string& prefix) {
  const double c = activation_factor(activation_);
  fc1_.declare(weights, {prefix + ".fc1"}, c, c);
  fc2_.declare(weights, {prefix + ".fc2"}, 1 / c);
}

torch::Tensor Mlp::run_and_add(const torch::Tensor& x, const torch::Tensor& residual) const {
  return fc2_.run_and_add(fc1_.run(x, computed(activation_)), residual);
}

}  // namespace clip4j
