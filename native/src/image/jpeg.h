#pragma once

#include <cstdint>
#include <vector>

#include "image/bytes.h"

namespace clip4j::image {

struct CheckedJpeg {
  std::vector<uint8_t> file;
  bool cmyk;
};

// The same picture with nothing in it that libjpeg could warn about: checks that all its data is there, then
// keeps the segments that make pixels and drops the rest (EXIF, ICC, comments, what follows the end). libjpeg
// by itself fills gaps with grey and says so on stderr alone. Throws Error: CLIP4J_CORRUPT,
// CLIP4J_UNSUPPORTED.
CheckedJpeg checked_jpeg(Bytes file);

}  // namespace clip4j::image
