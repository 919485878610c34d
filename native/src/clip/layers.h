#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/accounting.h"
#include "clip/buffer.h"
#include "clip/stacked_tensor.h"
#include "clip/weights.h"
#include "torch/ops.h"
#include "torch/tensor.h"

// The parts that towers are made of. Each declares its tensors to a Weights, which keeps pointers to it: none
// moves. They compute on the lane only.
namespace clip4j {

// `rows` or a little more. oneDNN compiles code for each number of rows that it meets and keeps some 0.4 MB a
// time, up to 1024 times: texts, which have any number of tokens, are brought to few sizes, at most a quarter
// larger.
int64_t rounded_rows(int64_t rows);

void multiply(std::span<float> values, double factor);

// [total, width]: zeros from row `rows` on, uninitialised before.
torch::Tensor zero_padded(int64_t rows, int64_t total, int64_t width);

// y = x W^T + b. W may be several tensors of a checkpoint stacked upon one another, as query, key and value
// are.
class Linear {
 public:
  enum class Bias { kNo, kYes };

  Linear(int64_t outputs, int64_t inputs, Bias bias);
  Linear(const Linear&) = delete;
  Linear& operator=(const Linear&) = delete;

  // One prefix a part, top to bottom: PREFIX.weight and PREFIX.bias. The checkpoint's values are multiplied
  // by the factors on their way in.
  void declare(Weights& weights, const std::vector<std::string>& prefixes, double weight_factor = 1,
               double bias_factor = 1);
  // The same for one part whose weight has another shape of as many values.
  void declare_shaped(Weights& weights, const std::string& prefix, const std::vector<int64_t>& weight_shape);

  torch::Tensor run(const torch::Tensor& x, torch::Activation activation = torch::Activation::kNone) const;
  // What run gives, plus the residual.
  torch::Tensor run_and_add(const torch::Tensor& x, const torch::Tensor& residual) const;
  // Native memory of its numbers, here as everywhere below.
  int64_t bytes() const { return packed_bytes_.bytes() + bias_.bytes(); }

 private:
  void declare_bias(Weights& weights, const std::vector<std::string>& prefixes, double factor);
  void pack(const Buffer& values);

  const int64_t outputs_;
  const int64_t inputs_;
  const bool has_bias_;
  StackedTensor weight_, stacked_bias_;
  torch::Tensor packed_;
  CountedBytes packed_bytes_;
  Buffer bias_;
  torch::Tensor bias_tensor_;
};

class LayerNorm {
 public:
  LayerNorm(int64_t width, double epsilon);
  LayerNorm(const LayerNorm&) = delete;
  LayerNorm& operator=(const LayerNorm&) = delete;

  void declare(Weights& weights, const std::string& prefix);
  torch::Tensor run(const torch::Tensor& x) const;

  int64_t bytes() const { return weight_.bytes() + bias_.bytes(); }
  double epsilon() const { return epsilon_; }
  const float* weight() const { return weight_.data(); }
  const float* bias() const { return bias_.data(); }

 private:
  const double epsilon_;
  Buffer weight_, bias_;
  torch::Tensor weight_tensor_, bias_tensor_;
};

}  // namespace clip4j
