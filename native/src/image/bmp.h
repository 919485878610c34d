#pragma once

#include <cstdint>

#include "image/bytes.h"

namespace clip4j::image {

struct BmpHeader {
  int64_t width = 0;
  int64_t height = 0;
  // OpenCV must be asked for colours: it makes grey of OS/2's, and alpha of what fills 32 bits.
  bool opaque = true;
  int green_bits = 0;  // of a pixel of 16 bits, which has 5 of red and of blue; 0: samples have 8
};

// Throws Error: CLIP4J_CORRUPT, or CLIP4J_UNSUPPORTED where samples are ordered by masks that OpenCV ignores.
BmpHeader read_bmp_header(Bytes file);

}  // namespace clip4j::image
