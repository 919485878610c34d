#pragma once

#include "image/bytes.h"
#include "image/pixels.h"
#include "image/sniff.h"

namespace clip4j::image {

// The EXIF orientation of a picture file, 1 (upright) to 8; 1 when it has none or what it has makes no sense.
// OpenCV never sees it, because the chunks that hold it are dropped before it decodes.
int exif_orientation(Bytes file, Format format);

// The picture turned and flipped so that one of that orientation is upright, as Pillow's
// ImageOps.exif_transpose does.
Pixels upright(Pixels picture, int orientation);

}  // namespace clip4j::image
