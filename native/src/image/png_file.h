#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "image/bytes.h"

namespace clip4j::image {

// What the chunks of a PNG say, checked.
struct PngFile {
  enum Color { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgbAlpha = 6 };

  int width = 0;
  int height = 0;
  int depth = 0;  // bits a sample
  Color color = kGrey;
  bool interlaced = false;
  std::array<std::array<uint8_t, 3>, 256> palette{};  // black beyond what the file has, as Pillow has it
  std::array<uint8_t, 256> palette_alpha;
  std::optional<std::array<uint16_t, 3>> transparent;  // the one transparent colour; of grey, the first entry
  std::vector<uint8_t> data;                           // the zlib stream

  int samples() const;  // a pixel
};

// Throws Error: CLIP4J_CORRUPT, CLIP4J_UNSUPPORTED.
PngFile read_png_file(Bytes file);

}  // namespace clip4j::image
