#pragma once

#include <cstdint>
#include <vector>

#include "image/bytes.h"

namespace clip4j::image {

struct TiffHeader {
  int64_t width = 0;
  int64_t height = 0;
  int orientation = 1;
};

// What a TIFF structure (also the one inside EXIF) says in its first directory. Throws Error(CLIP4J_CORRUPT).
TiffHeader read_tiff_header(Bytes file);

// The same file, told to libtiff so that it neither turns the picture nor multiplies colours by their alpha.
// Throws Error(CLIP4J_UNSUPPORTED) for L*a*b* colours, and for colours that are multiplied already.
std::vector<uint8_t> plain_tiff(Bytes file);

}  // namespace clip4j::image
