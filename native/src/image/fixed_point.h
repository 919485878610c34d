#pragma once

#include <cstdint>

#include "base/host_device.h"

// The arithmetic of one value of Pillow's resampling, for the CPU's oracle and for a GPU's kernel.
namespace clip4j::image {

// Fraction bits of a weight: 32 less 8 for the pixel and 2 for what negative lobes add.
constexpr int kWeightBits = 32 - 8 - 2;

constexpr int32_t kHalf = 1 << (kWeightBits - 1);

CLIP4J_HD inline uint8_t clip8(int32_t sum) {
  const int32_t value = sum >> kWeightBits;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

// The weighted sum of `count` values that lie `stride` bytes apart.
CLIP4J_HD inline uint8_t weigh(const uint8_t* values, int64_t stride, const int32_t* weights, int count) {
  int32_t sum = kHalf;
  for (int t = 0; t < count; ++t) sum += values[t * stride] * weights[t];
  return clip8(sum);
}

}  // namespace clip4j::image
