#include "clip/pooling.h"

#include "clip/kernels/attention.h"

namespace clip4j {

AttentionPooling::AttentionPooling(const clip4j_tower& tower)
    : hidden_(tower.hidden_size),
      heads_(tower.heads),
      probe_(tower.hidden_size),
      query_(tower.hidden_size, tower.hidden_size, Linear::Bias::kYes),
      key_value_(2 * int64_t{tower.hidden_size}, tower.hidden_size, Linear::Bias::kYes),
      out_(tower.hidden_size, tower.hidden_size, Linear::Bias::kYes),
      norm_(tower.hidden_size, tower.layer_norm_eps),
      mlp_(tower) {}

void AttentionPooling::declare(Weights& weights, const std::string& prefix) {
  weights.want(prefix + ".probe", {1, 1, hidden_}, [this] { return probe_.data(); });
  query_.declare(weights, {prefix + ".attention.q_proj"});
  key_value_.declare(weights, {prefix + ".attention.k_proj", prefix + ".attention.v_proj"});
  out_.declare(weights, {prefix + ".attention.out_proj"});
  norm_.declare(weights, prefix + ".layernorm");
  mlp_.declare(weights, prefix + ".mlp");
}

torch::Tensor AttentionPooling::run(const torch::Tensor& tokens, int64_t pictures) const {
  const torch::Tensor query = query_.run(torch::Tensor::from_blob(probe_.data(), {1, hidden_}));
  const torch::Tensor pooled = out_.run(attend(query, key_value_.run(tokens), pictures));
  return mlp_.run_and_add(norm_.run(pooled), pooled);
}

torch::Tensor AttentionPooling::attend(const torch::Tensor& query, const torch::Tensor& key_value,
                                       int64_t pictures) const {
  const int64_t width = hidden_ / heads_, length = key_value.sizes()[0] / pictures;
  const int64_t scratch_size = attention_scratch(length, width);
  Buffer scratch(torch::thread_count() * scratch_size);
  torch::Tensor attended = zero_padded(pictures, rounded_rows(pictures), hidden_);
  const float* const from = query.data();
  const float* const keys = key_value.data();
  float* const to = attended.data();
  AttentionKernel* const kernel = attention_kernel(/*may_round=*/false);
  torch::parallel_for(pictures * heads_, [&](int64_t index, int64_t thread) {
    const int64_t picture = index / heads_, column = index % heads_ * width, stride = 2 * hidden_;
    const float* key = keys + picture * length * stride + column;
    const AttentionHead head{.query = from + column,
                             .key = key,
                             .value = key + hidden_,
                             .stride = stride,
                             .queries = 1,
                             .length = length,
                             .width = width,
                             .causal = false,
                             .out = to + picture * hidden_ + column,
                             .out_stride = hidden_};
    kernel(head, scratch.data() + thread * scratch_size);
  });
  return attended;
}

}  // namespace clip4j
