#include "clip/towers.h"

#include <vector>

namespace clip4j {
namespace {

void add(const float* a, const float* b, int64_t count, float* sum) {
  for (int64_t i = 0; i < count; ++i) sum[i] = a[i] + b[i];
}

// A table that is read as it is, placed when its first value is about to be.
void declare_table(Weights& weights, const char* name, std::vector<int64_t> shape, Buffer& table) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  weights.want(name, std::move(shape), [size, &table] {
    table = Buffer(size);
    return table.data();
  });
}

}  // namespace

VisionTower::VisionTower(const clip4j_config& config)
    : config_(config),
      patch_embedding_(config.vision.hidden_size, patch_width(config), Linear::Bias::kNo),
      pre_norm_(config.vision.hidden_size, config.vision.layer_norm_eps),
      encoder_(config.vision, Encoder::Kind::kClassToken),
      post_norm_(config.vision.hidden_size, config.vision.layer_norm_eps),
      projection_(config.projection_dim, config.vision.hidden_size, Linear::Bias::kNo) {}

void VisionTower::declare(Weights& weights) {
  const int64_t hidden = config_.vision.hidden_size, patch = config_.patch_size;
  declare_table(weights, "vision_model.embeddings.class_embedding", {hidden}, class_embedding_);
  declare_table(weights, "vision_model.embeddings.position_embedding.weight",
                {patches_of(config_) + 1, hidden}, position_embedding_);
  patch_embedding_.declare_shaped(weights, "vision_model.embeddings.patch_embedding",
                                  {hidden, 3, patch, patch});
  pre_norm_.declare(weights, "vision_model.pre_layrnorm");  // sic
  encoder_.declare(weights, "vision_model");
  post_norm_.declare(weights, "vision_model.post_layernorm");
  projection_.declare(weights, {"visual_projection"});
}

torch::Tensor VisionTower::run(const float* patches, int64_t pictures) const {
  const int64_t hidden = config_.vision.hidden_size, count = patches_of(config_), length = count + 1;
  const torch::Tensor embedded =
      patch_embedding_.run(torch::Tensor::from_blob(patches, {pictures * count, patch_width(config_)}));
  torch::Tensor tokens = torch::Tensor::empty({pictures * length, hidden});
  const float* position = position_embedding_.data();
  for (int64_t i = 0; i < pictures; ++i) {
    float* to = tokens.data() + i * length * hidden;
    add(class_embedding_.data(), position, hidden, to);
    add(embedded.data() + i * count * hidden, position + hidden, count * hidden, to + hidden);
  }
  const std::vector<int64_t> lengths(static_cast<size_t>(pictures), length);
  return projection_.run(post_norm_.run(encoder_.run(pre_norm_.run(tokens), lengths)));
}

TextTower::TextTower(const clip4j_config& config)
    : config_(config),
      encoder_(config.text, Encoder::Kind::kCausal),
      final_norm_(config.text.hidden_size, config.text.layer_norm_eps),
      projection_(config.projection_dim, config.text.hidden_size, Linear::Bias::kNo) {}

void TextTower::declare(Weights& weights) {
  const int64_t hidden = config_.text.hidden_size;
  declare_table(weights, "text_model.embeddings.token_embedding.weight", {config_.vocabulary_size, hidden},
                token_embedding_);
  declare_table(weights, "text_model.embeddings.position_embedding.weight", {config_.max_positions, hidden},
                position_embedding_);
  encoder_.declare(weights, "text_model");
  final_norm_.declare(weights, "text_model.final_layer_norm");
  projection_.declare(weights, {"text_projection"});
}

torch::Tensor TextTower::run(std::span<const std::span<const int32_t>> texts) const {
  const int64_t hidden = config_.text.hidden_size;
  std::vector<int64_t> lengths;
  int64_t rows = 0;
  for (const auto& ids : texts) {
    lengths.push_back(static_cast<int64_t>(ids.size()));
    rows += lengths.back();
  }
  torch::Tensor tokens = zero_padded(rows, rounded_rows(rows), hidden);
  float* to = tokens.data();
  for (const auto& ids : texts) {
    const float* position = position_embedding_.data();
    for (const int32_t id : ids) {
      add(token_embedding_.data() + id * hidden, position, hidden, to);
      position += hidden;
      to += hidden;
    }
  }
  return projection_.run(final_norm_.run(encoder_.run(std::move(tokens), lengths)));
}

}  // namespace clip4j
