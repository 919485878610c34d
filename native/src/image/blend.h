#pragma once

#include <cstdint>

namespace clip4j::image {

// A colour over a background, channel by channel, rounded as Pillow's Image.paste with a mask does.
inline uint8_t over(uint32_t value, uint32_t background, uint32_t alpha) {
  const uint32_t sum = value * alpha + background * (255 - alpha) + 128;
  return static_cast<uint8_t>((sum + (sum >> 8)) >> 8);
}

// `background` is 0xRRGGBB.
inline void blend(uint8_t* rgb, uint32_t alpha, int32_t background) {
  for (int c = 0; c < 3; ++c) {
    rgb[c] = over(rgb[c], static_cast<uint32_t>(background) >> (16 - 8 * c) & 0xff, alpha);
  }
}

}  // namespace clip4j::image
