#include "clip/device/towers.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "clip/config.h"
#include "clip/positions.h"

namespace clip4j {
namespace {

namespace aten = torch::aten;

torch::Tensor upload_numbers(const std::vector<int64_t>& numbers, const torch::Device& device) {
  return aten::upload(numbers.data(), std::array{static_cast<int64_t>(numbers.size())}, device);
}

// [sequences x length, hidden] plus the first `length` of the table's rows, on every sequence.
torch::Tensor add_positions(const torch::Tensor& tokens, const torch::Tensor& table, int64_t sequences) {
  const int64_t hidden = table.sizes()[1], length = tokens.sizes()[0] / sequences;
  const torch::Tensor sum =
      aten::add(aten::view(tokens, {sequences, length, hidden}, {length * hidden, hidden, 1}, 0),
                aten::view(table, {length, hidden}, {hidden, 1}, 0));
  return aten::reshaped(sum, {sequences * length, hidden});
}

}  // namespace

torch::Place device_place(const torch::Device& device, clip4j_precision precision) {
  switch (precision) {
    case CLIP4J_PRECISION_FP32:
      return {device, torch::Type::kFloat32};
    case CLIP4J_PRECISION_BF16:
      return {device, torch::Type::kBFloat16};
    case CLIP4J_PRECISION_FP16:
      return {device, torch::Type::kFloat16};
    default:
      fail(CLIP4J_INTERNAL, "no tower on a device computes in precision ", precision);
  }
}

DeviceVisionTower::DeviceVisionTower(const clip4j_config& config, const torch::Place& place)
    : config_(config),
      place_(place),
      class_embedding_(place),
      position_embedding_(place),
      patch_embedding_(config.vision.hidden_size, patch_width(config), config.patch_bias != 0, place),
      encoder_(config.vision, /*causal=*/false, place),
      post_norm_(config.vision.hidden_size, config.vision.layer_norm_eps, place) {
  const clip4j_tower& tower = config.vision;
  if (config.pre_norm != 0) pre_norm_.emplace(tower.hidden_size, tower.layer_norm_eps, place);
  if (config.vision_pooling == CLIP4J_ATTENTION) pooling_.emplace(tower, place);
  if (config.vision_projection != 0) {
    projection_.emplace(config.projection_dim, tower.hidden_size, false, place);
  }
}

void DeviceVisionTower::declare(Weights& weights) {
  const int64_t hidden = config_.vision.hidden_size, patch = config_.patch_size;
  if (!pooling_) {
    class_embedding_.declare(weights, "vision_model.embeddings.class_embedding", {hidden}, {1, hidden});
  }
  const int64_t leading = leading_tokens(config_), stored = config_.position_grid, grid = grid_of(config_);
  const auto filter = static_cast<clip4j_position_filter>(config_.position_filter);
  std::function<Buffer(const Buffer&)> resized;
  if (grid != stored) {
    resized = [=](const Buffer& table) {
      return resized_positions(table, leading, stored, grid, hidden, filter);
    };
  }
  position_embedding_.declare(weights, "vision_model.embeddings.position_embedding.weight",
                              {leading + stored * stored, hidden}, {leading + grid * grid, hidden},
                              std::move(resized));
  patch_embedding_.declare_shaped(weights, "vision_model.embeddings.patch_embedding",
                                  {hidden, 3, patch, patch});
  if (pre_norm_) pre_norm_->declare(weights, "vision_model.pre_layrnorm");  // sic
  encoder_.declare(weights, "vision_model");
  post_norm_.declare(weights, "vision_model.post_layernorm");
  if (pooling_) pooling_->declare(weights, "vision_model.head");
  if (projection_) projection_->declare(weights, {"visual_projection"});
}

torch::Tensor DeviceVisionTower::embed(torch::Tensor patches, int64_t pictures) const {
  const int64_t hidden = config_.vision.hidden_size, count = patches_of(config_),
                length = picture_tokens(config_);
  torch::Tensor tokens = patch_embedding_.run(patches);
  if (!pooling_) {
    const torch::Tensor joined =
        aten::joined(aten::view(class_embedding_.get(), {pictures, 1, hidden}, {0, hidden, 1}, 0),
                     aten::reshaped(tokens, {pictures, count, hidden}));
    tokens = aten::reshaped(joined, {pictures * length, hidden});
  }
  return add_positions(tokens, position_embedding_.get(), pictures);
}

// The numbers of the pictures' class tokens.
torch::Tensor DeviceVisionTower::first_rows(int64_t pictures) const {
  std::vector<int64_t> numbers(static_cast<size_t>(pictures));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i) * picture_tokens(config_);
  return upload_numbers(numbers, place_.device);
}

torch::Tensor DeviceVisionTower::run(torch::Tensor patches, int64_t pictures) const {
  torch::Tensor x = embed(std::move(patches), pictures);
  if (pre_norm_) x = pre_norm_->run(x);
  x = post_norm_.run(encoder_.run(std::move(x), pictures, pooling_ ? torch::Tensor() : first_rows(pictures)));
  if (pooling_) x = pooling_->run(x, pictures);
  if (projection_) x = projection_->run(x);
  return aten::download(x);
}

int64_t DeviceVisionTower::bytes() const {
  return class_embedding_.bytes() + position_embedding_.bytes() + patch_embedding_.bytes() +
         (pre_norm_ ? pre_norm_->bytes() : 0) + encoder_.bytes() + post_norm_.bytes() +
         (pooling_ ? pooling_->bytes() : 0) + (projection_ ? projection_->bytes() : 0);
}

DeviceTextTower::DeviceTextTower(const clip4j_config& config, const torch::Place& place)
    : config_(config),
      place_(place),
      token_embedding_(place),
      position_embedding_(place),
      encoder_(config.text, config.causal_text != 0, place),
      final_norm_(config.text.hidden_size, config.text.layer_norm_eps, place),
      projection_(config.projection_dim, config.text.hidden_size, config.text_bias != 0, place) {}

void DeviceTextTower::declare(Weights& weights) {
  const int64_t hidden = config_.text.hidden_size;
  token_embedding_.declare_stacked(weights, {"text_model.embeddings.token_embedding.weight"}, "",
                                   {config_.vocabulary_size, hidden});
  position_embedding_.declare_stacked(weights, {"text_model.embeddings.position_embedding.weight"}, "",
                                      {config_.max_positions, hidden});
  encoder_.declare(weights, "text_model");
  final_norm_.declare(weights, "text_model.final_layer_norm");
  projection_.declare(weights, {config_.text_bias != 0 ? "text_model.head" : "text_projection"});
}

torch::Tensor DeviceTextTower::run(std::span<const std::span<const int32_t>> texts) const {
  const auto count = static_cast<int64_t>(texts.size());
  size_t length = 0;
  for (const auto& text : texts) length = std::max(length, text.size());
  std::vector<int64_t> ids, wanted;
  for (const auto& text : texts) {
    wanted.push_back(static_cast<int64_t>(ids.size() + text.size()) - 1);
    ids.insert(ids.end(), text.begin(), text.end());
    ids.resize(wanted.size() * length);  // what follows a text's end nothing of it sees
  }
  torch::Tensor x = add_positions(aten::rows(token_embedding_.get(), upload_numbers(ids, place_.device)),
                                  position_embedding_.get(), count);
  x = encoder_.run(std::move(x), count, upload_numbers(wanted, place_.device));
  return aten::download(projection_.run(final_norm_.run(x)));
}

int64_t DeviceTextTower::bytes() const {
  return token_embedding_.bytes() + position_embedding_.bytes() + encoder_.bytes() + final_norm_.bytes() +
         projection_.bytes();
}

}  // namespace clip4j
