#pragma once

#include <cstdint>
#include <vector>

#include "image/bytes.h"
#include "image/pixels.h"

namespace clip4j::image {

// Either the picture, or a file of it that libjpeg can be given.
struct CheckedJpeg {
  Pixels picture;
  std::vector<uint8_t> file;  // empty: there is the picture
  bool cmyk;
};

// Checks that all of a JPEG's data is there and makes its picture on the way, as libjpeg would. Where it
// cannot (progressive, CMYK, RGB, rare sampling factors), it returns the same file with nothing in it that
// libjpeg could warn about: the segments that make pixels, and not the rest (EXIF, ICC, comments, what
// follows the end). libjpeg by itself fills gaps with grey and says so on stderr alone. Throws Error:
// CLIP4J_CORRUPT, CLIP4J_UNSUPPORTED.
CheckedJpeg checked_jpeg(Bytes file);

}  // namespace clip4j::image
