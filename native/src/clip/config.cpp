#include "clip/config.h"

#include <cmath>

#include "base/error.h"

namespace clip4j {
namespace {

void check_range(const char* tower, const char* name, int32_t value, int32_t most) {
  if (value < 1 || value > most) {
    fail(CLIP4J_INVALID_ARGUMENT, tower, name, " is ", value, ", possible are 1 to ", most);
  }
}

// A choice among 0 to `last`.
void check_choice(const char* tower, const char* name, int32_t value, int32_t last) {
  if (value < 0 || value > last) fail(CLIP4J_INVALID_ARGUMENT, tower, name, " ", value, " is unknown");
}

void check_tower(const char* which, const clip4j_tower& tower) {
  check_range(which, "hidden_size", tower.hidden_size, 1 << 16);
  check_range(which, "intermediate_size", tower.intermediate_size, 1 << 18);
  check_range(which, "num_hidden_layers", tower.layers, 1 << 10);
  check_range(which, "num_attention_heads", tower.heads, tower.hidden_size);
  if (tower.hidden_size % tower.heads != 0) {
    fail(CLIP4J_INVALID_ARGUMENT, which, "hidden_size ", tower.hidden_size, " is not a multiple of the ",
         tower.heads, " heads");
  }
  check_choice(which, "activation", tower.activation, CLIP4J_GELU_TANH);
  if (!std::isfinite(tower.layer_norm_eps) || tower.layer_norm_eps <= 0) {
    fail(CLIP4J_INVALID_ARGUMENT, which, "layer_norm_eps is ", tower.layer_norm_eps, ", it must be above 0");
  }
  check_choice(which, "post_norm", tower.post_norm, 1);
}

}  // namespace

void check_config(const clip4j_config& config) {
  check_tower("vision ", config.vision);
  check_tower("text ", config.text);
  check_range("", "image_size", config.image_size, 1 << 13);
  check_range("", "patch_size", config.patch_size, config.image_size);
  check_range("", "projection_dim", config.projection_dim, 1 << 16);
  check_range("", "vocab_size", config.vocabulary_size, 1 << 24);
  check_range("", "max_position_embeddings", config.max_positions, 1 << 16);
  if (patches_of(config) > 1 << 16) {
    fail(CLIP4J_INVALID_ARGUMENT, "an image_size of ", config.image_size, " makes ", patches_of(config),
         " patches of size ", config.patch_size, ", possible are ", 1 << 16);
  }
  check_range("", "position_grid", config.position_grid, 1 << 8);
  check_choice("", "position_filter", config.position_filter, CLIP4J_BICUBIC_ANTIALIASED);
  if (config.end_of_text_id < -1 || config.end_of_text_id >= config.vocabulary_size) {
    fail(CLIP4J_INVALID_ARGUMENT, "eos_token_id ", config.end_of_text_id, " is outside the vocabulary of ",
         config.vocabulary_size);
  }
  check_choice("", "vision_pooling", config.vision_pooling, CLIP4J_ATTENTION);
  check_choice("", "text_pooling", config.text_pooling, CLIP4J_MEAN);
  check_choice("", "patch_bias", config.patch_bias, 1);
  check_choice("", "pre_norm", config.pre_norm, 1);
  check_choice("", "vision_projection", config.vision_projection, 1);
  check_choice("", "causal_text", config.causal_text, 1);
  check_choice("", "text_bias", config.text_bias, 1);
  check_choice("", "logit_bias", config.logit_bias, 1);
  check_choice("", "token_type", config.token_type, 1);
  if (config.text_projection_hidden != 0) {
    check_range("", "text_projection_hidden", config.text_projection_hidden, 1 << 16);
  }
  if (config.text_pooling == CLIP4J_FIRST && config.causal_text != 0) {
    fail(CLIP4J_INVALID_ARGUMENT, "a causal text's first token, where it is read, sees nothing of it");
  }
  if (config.vision_projection == 0 && config.vision.hidden_size != config.projection_dim) {
    fail(CLIP4J_INVALID_ARGUMENT, "pictures become ", config.vision.hidden_size, " values and texts ",
         config.projection_dim, ", and no projection makes them as long as one another");
  }
}

void check_ends_at(int64_t height, int64_t width, const clip4j_config& config) {
  const int32_t side = config.image_size;
  if (height == side && width == side) return;
  fail(CLIP4J_INVALID_ARGUMENT, "preprocessing ends at ", width, " x ", height, " pixels, the model takes ",
       side, " x ", side);
}

}  // namespace clip4j
