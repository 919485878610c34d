#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace clip4j::image {

// No side of a picture is longer: beyond it decoders refuse, and a kernel's weights would take gigabytes.
constexpr int64_t kLongestSide = 1 << 20;

// 8-bit RGB, interleaved, rows from top to bottom without padding.
struct Pixels {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;

  const uint8_t* row(int y) const { return rgb.data() + size_t{3} * width * y; }
  uint8_t* row(int y) { return rgb.data() + size_t{3} * width * y; }
};

}  // namespace clip4j::image
