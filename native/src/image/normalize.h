#pragma once

#include <array>

#include "clip4j.h"
#include "image/pixels.h"

namespace clip4j::image {

// (value * scale - mean[channel]) / std[channel] of each 8-bit value. transformers rounds value * scale once,
// from float64; the float32 product is at most one last place away from that, 5e-7 after the division.
using NormalizedValues = std::array<std::array<float, 256>, 3>;
NormalizedValues normalized_values(const clip4j_preprocessing& options);

// Writes the picture as rows of a linear layer that equals CLIP's patch convolution:
//   out[py * grid_width + px][channel][y][x] = (value * scale - mean[channel]) / std[channel]
// for every whole patch; what the right and lower edge have beyond that is ignored, as the convolution does.
// `out` has room for (height / patch_size) * (width / patch_size) * 3 * patch_size^2 floats.
void normalize_to_patches(const Pixels& picture, const clip4j_preprocessing& options, int patch_size,
                          float* out);

}  // namespace clip4j::image
