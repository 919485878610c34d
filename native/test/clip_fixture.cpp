#include "clip_fixture.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace clip4j::test {
namespace {

void add_tensor(Checkpoint& weights, std::mt19937& random, const std::string& name,
                std::vector<int64_t> shape, double mean, double deviation) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  std::normal_distribution<float> normal(static_cast<float>(mean), static_cast<float>(deviation));
  std::vector<float> values(static_cast<size_t>(size));
  for (float& value : values) value = normal(random);
  weights[name] = {std::move(shape), std::move(values)};
}

void add_norm(Checkpoint& weights, std::mt19937& random, const std::string& name, int64_t width) {
  add_tensor(weights, random, name + ".weight", {width}, 1, 0.2);
  add_tensor(weights, random, name + ".bias", {width}, 0, 0.1);
}

void add_linear(Checkpoint& weights, std::mt19937& random, const std::string& name, int64_t outputs,
                int64_t inputs) {
  add_tensor(weights, random, name + ".weight", {outputs, inputs}, 0,
             1 / std::sqrt(static_cast<double>(inputs)));
  add_tensor(weights, random, name + ".bias", {outputs}, 0, 0.1);
}

void add_encoder(Checkpoint& weights, std::mt19937& random, const std::string& prefix,
                 const clip4j_tower& tower) {
  for (int i = 0; i < tower.layers; ++i) {
    const std::string layer = prefix + ".encoder.layers." + std::to_string(i);
    for (const char* part : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      add_linear(weights, random, layer + ".self_attn." + part, tower.hidden_size, tower.hidden_size);
    }
    add_norm(weights, random, layer + ".layer_norm1", tower.hidden_size);
    add_norm(weights, random, layer + ".layer_norm2", tower.hidden_size);
    add_linear(weights, random, layer + ".mlp.fc1", tower.intermediate_size, tower.hidden_size);
    add_linear(weights, random, layer + ".mlp.fc2", tower.hidden_size, tower.intermediate_size);
  }
}

void add_pooling(Checkpoint& weights, std::mt19937& random, const std::string& prefix,
                 const clip4j_tower& tower) {
  const int64_t hidden = tower.hidden_size;
  add_tensor(weights, random, prefix + ".probe", {1, 1, hidden}, 0, 1);
  for (const char* part : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
    add_linear(weights, random, prefix + ".attention." + part, hidden, hidden);
  }
  add_norm(weights, random, prefix + ".layernorm", hidden);
  add_linear(weights, random, prefix + ".mlp.fc1", tower.intermediate_size, hidden);
  add_linear(weights, random, prefix + ".mlp.fc2", hidden, tower.intermediate_size);
}

}  // namespace

clip4j_config small_config(clip4j_activation activation, int32_t end_of_text_id) {
  return {.vision = {48, 100, 2, 3, activation, 1e-5f, 0},
          .text = {32, 77, 2, 2, activation, 1e-5f, 0},
          .image_size = 35,
          .patch_size = 8,  // 4 x 4 patches, 3 pixels left over
          .vocabulary_size = 50,
          .max_positions = 12,
          .end_of_text_id = end_of_text_id,
          .projection_dim = 20,
          .position_grid = 4,
          .position_filter = CLIP4J_BICUBIC,
          .text_projection_hidden = 0,
          .vision_pooling = CLIP4J_CLASS_TOKEN,
          .text_pooling = CLIP4J_END_OF_TEXT,
          .patch_bias = 0,
          .pre_norm = 1,
          .vision_projection = 1,
          .causal_text = 1,
          .text_bias = 0,
          .logit_bias = 0,
          .token_type = 0};
}

clip4j_config small_bert(clip4j_text_pooling pooling) {
  clip4j_config config = small_config(CLIP4J_GELU, -1);
  config.text_pooling = pooling;
  config.text.post_norm = config.token_type = 1;
  config.causal_text = 0;
  return config;
}

clip4j_config small_siglip() {
  clip4j_config config = small_config(CLIP4J_GELU_TANH, -1);
  config.projection_dim = config.vision.hidden_size;
  config.vision_pooling = CLIP4J_ATTENTION;
  config.text_pooling = CLIP4J_LAST;
  config.patch_bias = config.text_bias = config.logit_bias = 1;
  config.pre_norm = config.vision_projection = config.causal_text = 0;
  return config;
}

Checkpoint random_checkpoint(const clip4j_config& config, uint32_t seed) {
  std::mt19937 random(seed);
  Checkpoint weights;
  const int64_t vision = config.vision.hidden_size, text = config.text.hidden_size;
  const int64_t patch = config.patch_size;
  const bool class_token = config.vision_pooling == CLIP4J_CLASS_TOKEN;
  if (class_token) {
    add_tensor(weights, random, "vision_model.embeddings.class_embedding", {vision}, 0, 0.5);
  } else {
    add_pooling(weights, random, "vision_model.head", config.vision);
  }
  add_tensor(weights, random, "vision_model.embeddings.patch_embedding.weight", {vision, 3, patch, patch}, 0,
             0.05);
  if (config.patch_bias != 0) {
    add_tensor(weights, random, "vision_model.embeddings.patch_embedding.bias", {vision}, 0, 0.2);
  }
  add_tensor(weights, random, "vision_model.embeddings.position_embedding.weight",
             {config.position_grid * config.position_grid + (class_token ? 1 : 0), vision}, 0, 0.5);
  if (config.pre_norm != 0) add_norm(weights, random, "vision_model.pre_layrnorm", vision);
  add_encoder(weights, random, "vision_model", config.vision);
  add_norm(weights, random, "vision_model.post_layernorm", vision);
  if (config.vision_projection != 0) {
    add_tensor(weights, random, "visual_projection.weight", {config.projection_dim, vision}, 0, 0.2);
  }
  add_tensor(weights, random, "text_model.embeddings.token_embedding.weight", {config.vocabulary_size, text},
             0, 0.5);
  add_tensor(weights, random, "text_model.embeddings.position_embedding.weight", {config.max_positions, text},
             0, 0.5);
  if (config.token_type != 0) {
    add_tensor(weights, random, "text_model.embeddings.token_type_embedding.weight", {1, text}, 0, 0.5);
  }
  add_encoder(weights, random, "text_model", config.text);
  add_norm(weights, random, "text_model.final_layer_norm", text);
  int64_t projected = text;
  if (config.text_projection_hidden != 0) {
    projected = config.text_projection_hidden;
    add_tensor(weights, random, "text_projection_inner.weight", {projected, text}, 0, 0.2);
  }
  if (config.text_bias != 0) {
    add_linear(weights, random, "text_model.head", config.projection_dim, projected);
  } else {
    add_tensor(weights, random, "text_projection.weight", {config.projection_dim, projected}, 0, 0.2);
  }
  weights["logit_scale"] = {{}, {2.5f}};
  if (config.logit_bias != 0) {
    weights["logit_scale"].shape = {1};
    weights["logit_bias"] = {{1}, {-7.25f}};
  }
  return weights;
}

TemporaryFile::TemporaryFile(std::span<const char> bytes) {
  path_ = testing::TempDir() + "clip4j-XXXXXX";
  const int descriptor = mkstemp(path_.data());
  if (descriptor < 0 || write(descriptor, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("cannot write " + path_);
  }
  close(descriptor);
}

TemporaryFile::~TemporaryFile() { unlink(path_.c_str()); }

SmallModelTest::SmallModelTest()
    : config_(small_config(CLIP4J_QUICK_GELU, -1)),
      weights_(random_checkpoint(config_, 5)),
      preprocessing_(pixels_as_they_are(config_.image_size)) {}

void ClipTest::TearDown() {
  EXPECT_EQ(clip4j_live_bytes(), 0);
  EXPECT_EQ(clip4j_live_handles(), 0);
}

LoadedModel::LoadedModel(const clip4j_config& config, const Checkpoint& weights, int32_t threads,
                         clip4j_precision precision)
    : config_(config) {
  EXPECT_EQ(clip4j_model_create(&config, threads, precision, CLIP4J_CPU, &model_), CLIP4J_OK)
      << clip4j_last_error();
  std::vector<char> bytes;
  for (const auto& [name, tensor] : weights) {
    const auto* start = reinterpret_cast<const char*>(tensor.values.data());
    bytes.insert(bytes.end(), start, start + tensor.values.size() * sizeof(float));
  }
  const TemporaryFile file(bytes);
  int64_t offset = 0;
  for (const auto& [name, tensor] : weights) {
    EXPECT_EQ(clip4j_model_wants(model_, name.c_str()), 1) << name;
    EXPECT_EQ(clip4j_model_read(model_, name.c_str(), file.path().c_str(), offset, CLIP4J_F32,
                                tensor.shape.data(), static_cast<int32_t>(tensor.shape.size())),
              CLIP4J_OK)
        << clip4j_last_error();
    offset += static_cast<int64_t>(tensor.values.size() * sizeof(float));
  }
  EXPECT_EQ(clip4j_model_finish(model_), CLIP4J_OK) << clip4j_last_error();
}

LoadedModel::~LoadedModel() { clip4j_model_free(model_); }

std::vector<float> LoadedModel::embed_images(const std::vector<std::vector<uint8_t>>& pictures) const {
  std::vector<clip4j_image> images;
  for (const auto& pixels : pictures) images.push_back(rgb_image(pixels, config_.image_size));
  std::vector<clip4j_outcome> outcomes(images.size());
  std::vector<float> rows(images.size() * static_cast<size_t>(config_.projection_dim));
  const clip4j_preprocessing preprocessing = pixels_as_they_are(config_.image_size);
  int32_t count = -1;
  EXPECT_EQ(clip4j_embed_images(model_, &preprocessing, images.data(), static_cast<int32_t>(images.size()),
                                rows.data(), &count, outcomes.data(), nullptr),
            CLIP4J_OK)
      << clip4j_last_error();
  EXPECT_EQ(count, static_cast<int32_t>(images.size()));
  for (const clip4j_outcome& outcome : outcomes) EXPECT_EQ(outcome.status, CLIP4J_OK) << outcome.message;
  return rows;
}

std::vector<float> LoadedModel::embed_texts(const std::vector<std::vector<int32_t>>& texts) const {
  std::vector<int32_t> ids, lengths;
  for (const auto& text : texts) {
    ids.insert(ids.end(), text.begin(), text.end());
    lengths.push_back(static_cast<int32_t>(text.size()));
  }
  std::vector<float> rows(texts.size() * static_cast<size_t>(config_.projection_dim));
  EXPECT_EQ(clip4j_embed_texts(model_, ids.data(), lengths.data(), static_cast<int32_t>(texts.size()),
                               rows.data(), nullptr),
            CLIP4J_OK)
      << clip4j_last_error();
  return rows;
}

void read(Model& model, const Checkpoint& weights) {
  for (const auto& [name, tensor] : weights) {
    const auto* start = reinterpret_cast<const char*>(tensor.values.data());
    const TemporaryFile file({start, tensor.values.size() * sizeof(float)});
    model.read(name, file.path(), 0, CLIP4J_F32, tensor.shape);
  }
  model.finish();
}

clip4j_preprocessing pixels_as_they_are(int32_t image_size) {
  return {.resize_mode = 0,
          .resize_height = 0,
          .resize_width = 0,
          .resample = 3,
          .crop_height = image_size,
          .crop_width = image_size,
          .crop_rounding = CLIP4J_ROUND_DOWN,
          .fill = 0,
          .scale = 1.0f / 255,
          .mean = {0.48145466f, 0.4578275f, 0.40821073f},
          .std = {0.26862954f, 0.26130258f, 0.27577711f},
          .apply_exif_orientation = 0,
          .background = -1,
          .formats = 15,
          .max_encoded_bytes = 20 << 20,
          .max_pixels = 40'000'000};
}

clip4j_image rgb_image(const std::vector<uint8_t>& pixels, int32_t size) {
  return {pixels.data(), static_cast<int64_t>(pixels.size()), CLIP4J_RGB, size, size, 0};
}

std::vector<uint8_t> random_pixels(int32_t size, std::mt19937& random) {
  std::vector<uint8_t> pixels(static_cast<size_t>(3 * size * size));
  for (uint8_t& value : pixels) value = static_cast<uint8_t>(random());
  return pixels;
}

std::vector<int32_t> random_text(int32_t length, int32_t end, std::mt19937& random) {
  std::vector<int32_t> ids(static_cast<size_t>(length));
  for (int32_t& id : ids) id = static_cast<int32_t>(1 + random() % 40);
  ids.front() = 0;
  ids.back() = end;
  return ids;
}

}  // namespace clip4j::test
