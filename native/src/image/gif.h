#pragma once

#include <cstdint>

#include "image/bytes.h"
#include "image/pixels.h"

namespace clip4j::image {

// A GIF up to the data of its first frame.
struct GifFrame {
  int canvas_width;  // as declared, or larger where the frame sticks out
  int canvas_height;
  int x;
  int y;
  int width;
  int height;
  bool interlaced;
  int transparent;  // an index, or -1
  Bytes palette;    // RGB, for as many indices as it has; empty: indices are grey values
  size_t data;      // where the first frame's data begins
};

GifFrame read_gif_frame(Bytes file);

// The first frame on its canvas, as Pillow's convert("RGB") shows it: transparency is dropped, unless
// `background` (0xRRGGBB) is to show through it, and what the frame leaves of the canvas is transparent or of
// colour 0. Not OpenCV's business, because OpenCV forgets the colours of transparent pixels. Throws
// Error(CLIP4J_CORRUPT).
Pixels decode_gif(Bytes file, int32_t background);

}  // namespace clip4j::image
