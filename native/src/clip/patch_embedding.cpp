#include "clip/patch_embedding.h"

#include "clip/config.h"
#include "torch/ops.h"

namespace clip4j {

PatchEmbedding::Packed::Packed(const packed::Kernel& kernel, int64_t hidden, int64_t width)
    : kernel(kernel),
      memory(PackedLinear::floats(kernel.element, hidden, width)),
      linear(kernel, hidden, width, memory) {}

PatchEmbedding::PatchEmbedding(const clip4j_config& config, clip4j_precision precision)
    : hidden_(config.vision.hidden_size),
      patch_size_(config.patch_size),
      width_(patch_width(config)),
      bias_(config.patch_bias != 0) {
  if (precision == CLIP4J_PRECISION_FP32) {
    linear_.emplace(hidden_, width_, bias_ ? Linear::Bias::kYes : Linear::Bias::kNo);
  } else {
    packed_.emplace(packed::kernel(precision), hidden_, width_);
  }
}

void PatchEmbedding::declare(Weights& weights) {
  const char* const name = "vision_model.embeddings.patch_embedding";
  const std::vector<int64_t> shape{hidden_, 3, patch_size_, patch_size_};
  if (linear_) {
    linear_->declare_shaped(weights, name, shape);
  } else {
    packed_->linear.declare_shaped(weights, name, shape, bias_);
  }
}

torch::Tensor PatchEmbedding::run(const float* patches, int64_t rows) const {
  if (linear_) return linear_->run(torch::Tensor::from_blob(patches, {rows, width_}));
  torch::Tensor embedded = torch::Tensor::empty({rows, hidden_});
  const packed::Kernel& kernel = packed_->kernel;
  const packed::Rows codes = codes_.rows(kernel.element, rows, width_);
  torch::parallel_for(
      rows, [&](int64_t row, int64_t) { kernel.encode(patches + row * width_, width_, codes, row); });
  packed_->linear.run(codes, {embedded.data(), hidden_, packed::Finish::kStore}, loop_shared());
  return embedded;
}

}  // namespace clip4j
