#pragma once

#include <cstdint>

#include "clip4j.h"

namespace clip4j {

// Throws CLIP4J_INVALID_ARGUMENT unless the sizes are possible and agree with one another. Sizes that pass
// keep every product of a model's sizes far from overflow.
void check_config(const clip4j_config& config);

// Throws CLIP4J_INVALID_ARGUMENT unless a preprocessing that ends at so many pixels fits the model.
void check_ends_at(int64_t height, int64_t width, const clip4j_config& config);

// Patches along a picture's side. Pixels to the right and below that fill no patch are left out, as by CLIP's
// convolution.
inline int64_t grid_of(const clip4j_config& config) { return config.image_size / config.patch_size; }

// Patches of a picture.
inline int64_t patches_of(const clip4j_config& config) { return grid_of(config) * grid_of(config); }

// Tokens of a picture that come before its patches.
inline int64_t leading_tokens(const clip4j_config& config) {
  return config.vision_pooling == CLIP4J_CLASS_TOKEN ? 1 : 0;
}

// Tokens of a picture.
inline int64_t picture_tokens(const clip4j_config& config) {
  return leading_tokens(config) + patches_of(config);
}

// Values of a patch.
inline int64_t patch_width(const clip4j_config& config) {
  return int64_t{3} * config.patch_size * config.patch_size;
}

}  // namespace clip4j
