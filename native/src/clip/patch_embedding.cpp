#include "clip/patch_embedding.h"

#include "clip/config.h"
#include "torch/ops.h"

namespace clip4j {

PatchEmbedding::PatchEmbedding(const clip4j_config& config, clip4j_precision precision)
    : hidden_(config.vision.hidden_size),
      patch_size_(config.patch_size),
      width_(patch_width(config)),
      bias_(config.patch_bias != 0),
      kernel_(packed::kernel(precision)) {
  if (precision == CLIP4J_PRECISION_FP32) {
    linear_.emplace(hidden_, width_, bias_ ? Linear::Bias::kYes : Linear::Bias::kNo);
  } else {
    memory_.emplace(PackedLinear::floats(kernel_.element, hidden_, width_));
    packed_.emplace(kernel_, hidden_, width_, *memory_);
  }
}

void PatchEmbedding::declare(Weights& weights) {
  const char* const name = "vision_model.embeddings.patch_embedding";
  const std::vector<int64_t> shape{hidden_, 3, patch_size_, patch_size_};
  if (linear_) {
    linear_->declare_shaped(weights, name, shape);
  } else {
    packed_->declare_shaped(weights, name, shape, bias_);
  }
}

torch::Tensor PatchEmbedding::run(const float* patches, int64_t rows) const {
  if (linear_) return linear_->run(torch::Tensor::from_blob(patches, {rows, width_}));
  torch::Tensor embedded = torch::Tensor::empty({rows, hidden_});
  const packed::Rows codes = codes_.rows(kernel_.element, rows, width_);
  torch::parallel_for(
      rows, [&](int64_t row, int64_t) { kernel_.encode(patches + row * width_, width_, codes, row); });
  packed_->run(codes, {embedded.data(), hidden_, packed::Finish::kStore}, loop_shared());
  return embedded;
}

}  // namespace clip4j
