#include "image/normalize.h"

#include "base/error.h"

namespace clip4j::image {

NormalizedValues normalized_values(const clip4j_preprocessing& options) {
  NormalizedValues table;
  for (size_t channel = 0; channel < 3; ++channel) {
    for (size_t value = 0; value < 256; ++value) {
      const float scaled = static_cast<float>(value) * options.scale;
      table[channel][value] = (scaled - options.mean[channel]) / options.std[channel];
    }
  }
  return table;
}

void normalize_to_patches(const Pixels& picture, const clip4j_preprocessing& options, int patch_size,
                          float* out) {
  if (patch_size < 1) fail(CLIP4J_INVALID_ARGUMENT, "a patch size of ", patch_size);
  const NormalizedValues table = normalized_values(options);
  for (int top = 0; top + patch_size <= picture.height; top += patch_size) {
    for (int left = 0; left + patch_size <= picture.width; left += patch_size) {
      for (size_t channel = 0; channel < 3; ++channel) {
        for (int y = top; y < top + patch_size; ++y) {
          const uint8_t* pixel = picture.row(y) + 3 * left + channel;
          for (int x = 0; x < patch_size; ++x) *out++ = table[channel][pixel[3 * x]];
        }
      }
    }
  }
}

}  // namespace clip4j::image
