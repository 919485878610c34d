#pragma once

#include <string>

#include "clip/layers.h"
#include "clip4j.h"

namespace clip4j {

// What libtorch computes for an activation, and the factor c that then goes into the weights before it; 1/c
// goes into those behind it.
torch::Activation computed(clip4j_activation activation);
double activation_factor(clip4j_activation activation);

// The two layers with an activation between them that every block of a transformer ends with.
class Mlp {
 public:
  explicit Mlp(const clip4j_tower& tower);

  // PREFIX.fc1 and PREFIX.fc2
  void declare(Weights& weights, const std::string& prefix);
  // x, residual [rows, hidden] -> [rows, hidden]
  torch::Tensor run_and_add(const torch::Tensor& x, const torch::Tensor& residual) const;
  int64_t bytes() const { return fc1_.bytes() + fc2_.bytes(); }

 private:
  const clip4j_activation activation_;
  Linear fc1_, fc2_;
};

}  // namespace clip4j
