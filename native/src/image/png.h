#pragma once

#include <cstdint>

#include "image/bytes.h"
#include "image/pixels.h"

namespace clip4j::image {

// The picture as Pillow's convert("RGB") shows it (of an animation, its still picture): alpha is dropped
// unless `background` (0xRRGGBB) is to show through it; of 16 bits the upper 8 are taken, of grey too. The
// chunks that make pixels must have the right checksums; all others are ignored. Not OpenCV's business,
// because libpng prints its complaints to stderr. Throws Error: CLIP4J_CORRUPT, CLIP4J_UNSUPPORTED.
Pixels decode_png(Bytes file, int32_t background);

}  // namespace clip4j::image
