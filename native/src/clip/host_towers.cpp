#include "clip/host_towers.h"

#include <functional>
#include <utility>
#include <vector>

#include "clip/positions.h"

namespace clip4j {
namespace {

void add(const float* a, const float* b, int64_t count, float* sum) {
  for (int64_t i = 0; i < count; ++i) sum[i] = a[i] + b[i];
}

Encoder::Wanted wanted(const clip4j_config& config) {
  switch (config.text_pooling) {
    case CLIP4J_FIRST:
      return Encoder::Wanted::kFirst;
    case CLIP4J_MEAN:
      return Encoder::Wanted::kAll;
    default:
      return Encoder::Wanted::kLast;
  }
}

// Of each sequence's rows, the sequences lying one after another.
torch::Tensor means(const torch::Tensor& rows, std::span<const int64_t> lengths, int64_t width) {
  const auto count = static_cast<int64_t>(lengths.size());
  torch::Tensor result = zero_padded(0, rounded_rows(count), width);
  const float* from = rows.data();
  float* to = result.data();
  for (const int64_t length : lengths) {
    for (int64_t row = 0; row < length; ++row, from += width) add(to, from, width, to);
    for (int64_t i = 0; i < width; ++i) to[i] /= static_cast<float>(length);
    to += width;
  }
  return result;
}

Linear::Bias bias(int32_t has_one) { return has_one != 0 ? Linear::Bias::kYes : Linear::Bias::kNo; }

// A table that is read as it is, placed when its first value is about to be.
void declare_table(Weights& weights, const char* name, std::vector<int64_t> shape, Buffer& table,
                   std::function<void()> placed = {}) {
  const int64_t size = torch::size_of(shape);
  weights.want(
      name, std::move(shape),
      [size, &table] {
        table = Buffer(size);
        return table.data();
      },
      std::move(placed));
}

}  // namespace

HostVisionTower::HostVisionTower(const clip4j_config& config, clip4j_precision precision)
    : config_(config),
      patch_embedding_(config, precision),
      encoder_(Encoder::make(
          config.vision,
          config.vision_pooling == CLIP4J_CLASS_TOKEN ? Encoder::Wanted::kFirst : Encoder::Wanted::kAll,
          /*causal=*/false, precision)),
      post_norm_(config.vision.hidden_size, config.vision.layer_norm_eps) {
  if (config.pre_norm != 0) pre_norm_.emplace(config.vision.hidden_size, config.vision.layer_norm_eps);
  if (config.vision_pooling == CLIP4J_ATTENTION) pooling_.emplace(config.vision);
  if (config.vision_projection != 0) {
    projection_.emplace(config.projection_dim, config.vision.hidden_size, Linear::Bias::kNo);
  }
}

void HostVisionTower::declare(Weights& weights) {
  const int64_t hidden = config_.vision.hidden_size;
  if (!pooling_) {
    declare_table(weights, "vision_model.embeddings.class_embedding", {hidden}, class_embedding_);
  }
  const int64_t leading = leading_tokens(config_), stored = config_.position_grid, grid = grid_of(config_);
  const auto filter = static_cast<clip4j_position_filter>(config_.position_filter);
  declare_table(weights, "vision_model.embeddings.position_embedding.weight",
                {leading + stored * stored, hidden}, position_embedding_, [=, this] {
                  if (grid == stored) return;
                  position_embedding_ =
                      resized_positions(position_embedding_, leading, stored, grid, hidden, filter);
                });
  patch_embedding_.declare(weights);
  if (pre_norm_) pre_norm_->declare(weights, "vision_model.pre_layrnorm");  // sic
  encoder_->declare(weights, "vision_model");
  post_norm_.declare(weights, "vision_model.post_layernorm");
  if (pooling_) pooling_->declare(weights, "vision_model.head");
  if (projection_) projection_->declare(weights, {"visual_projection"});
}

torch::Tensor HostVisionTower::embed(torch::Tensor patches, int64_t pictures) const {
  const int64_t hidden = config_.vision.hidden_size, count = patches_of(config_),
                length = picture_tokens(config_);
  const torch::Tensor embedded = patch_embedding_.run(patches.data(), pictures * count);
  torch::Tensor tokens = torch::Tensor::empty({pictures * length, hidden});
  const float* from = embedded.data();
  float* to = tokens.data();
  for (int64_t i = 0; i < pictures; ++i) {
    const float* position = position_embedding_.data();
    if (!pooling_) {
      add(class_embedding_.data(), position, hidden, to);
      position += hidden;
      to += hidden;
    }
    add(from, position, count * hidden, to);
    from += count * hidden;
    to += count * hidden;
  }
  return tokens;
}

torch::Tensor HostVisionTower::run(torch::Tensor patches, int64_t pictures) const {
  torch::Tensor tokens = embed(std::move(patches), pictures);
  if (pre_norm_) tokens = pre_norm_->run(tokens);
  const std::vector<int64_t> lengths(static_cast<size_t>(pictures), picture_tokens(config_));
  torch::Tensor result = post_norm_.run(encoder_->run(std::move(tokens), lengths));
  if (pooling_) result = pooling_->run(result, pictures);
  return projection_ ? projection_->run(result) : std::move(result);
}

int64_t HostVisionTower::bytes() const {
  return class_embedding_.bytes() + position_embedding_.bytes() + patch_embedding_.bytes() +
         (pre_norm_ ? pre_norm_->bytes() : 0) + encoder_->bytes() + post_norm_.bytes() +
         (pooling_ ? pooling_->bytes() : 0) + (projection_ ? projection_->bytes() : 0);
}

HostTextTower::HostTextTower(const clip4j_config& config, clip4j_precision precision)
    : config_(config),
      encoder_(Encoder::make(config.text, wanted(config), config.causal_text != 0, precision)),
      final_norm_(config.text.hidden_size, config.text.layer_norm_eps),
      projection_(
          config.projection_dim,
          config.text_projection_hidden != 0 ? config.text_projection_hidden : config.text.hidden_size,
          bias(config.text_bias)) {
  if (config.text_projection_hidden != 0) {
    inner_.emplace(config.text_projection_hidden, config.text.hidden_size, Linear::Bias::kNo);
  }
}

void HostTextTower::declare(Weights& weights) {
  const int64_t hidden = config_.text.hidden_size;
  declare_table(weights, "text_model.embeddings.token_embedding.weight", {config_.vocabulary_size, hidden},
                token_embedding_);
  declare_table(weights, "text_model.embeddings.position_embedding.weight", {config_.max_positions, hidden},
                position_embedding_);
  if (config_.token_type != 0) {
    declare_table(weights, "text_model.embeddings.token_type_embedding.weight", {1, hidden}, token_type_);
  }
  encoder_->declare(weights, "text_model");
  final_norm_.declare(weights, "text_model.final_layer_norm");
  if (inner_) inner_->declare(weights, {"text_projection_inner"});
  projection_.declare(weights, {config_.text_bias != 0 ? "text_model.head" : "text_projection"});
}

torch::Tensor HostTextTower::run(std::span<const std::span<const int32_t>> texts) const {
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
      if (config_.token_type != 0) add(to, token_type_.data(), hidden, to);
      position += hidden;
      to += hidden;
    }
  }
  torch::Tensor result = final_norm_.run(encoder_->run(std::move(tokens), lengths));
  if (config_.text_pooling == CLIP4J_MEAN) result = means(result, lengths, hidden);
  if (inner_) result = inner_->run(result, torch::Activation::kGelu);
  return projection_.run(result);
}

int64_t HostTextTower::bytes() const {
  return token_embedding_.bytes() + position_embedding_.bytes() + token_type_.bytes() + encoder_->bytes() +
         final_norm_.bytes() + (inner_ ? inner_->bytes() : 0) + projection_.bytes();
}

}  // namespace clip4j
