#pragma once

#include <cstdint>

#include "clip4j.h"

namespace clip4j {

// Throws CLIP4J_INVALID_ARGUMENT unless the sizes are possible and agree with one another. Sizes that pass
// keep every product of a model's sizes far from overflow.
void check_config(const clip4j_config& config);

// Patches of a picture. Pixels to the right and below that fill no patch are left out, as by CLIP's
// convolution.
inline int64_t patches_of(const clip4j_config& config) {
  const int64_t grid = config.image_size / config.patch_size;
  return grid * grid;
}

// Tokens of a picture.
inline int64_t picture_tokens(const clip4j_config& config) {
  return patches_of(config) + (config.vision_pooling == CLIP4J_CLASS_TOKEN ? 1 : 0);
}

// Values of a patch.
inline int64_t patch_width(const clip4j_config& config) {
  return int64_t{3} * config.patch_size * config.patch_size;
}

}  // namespace clip4j
