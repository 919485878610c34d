#pragma once

#include "clip4j.h"
#include "image/pixels.h"

namespace clip4j::image {

// The picture as 8-bit RGB, the very pixels of Pillow's Image.open(...).convert("RGB") (CMYK: within 1),
// upright and over a background where the options say so. Reads a file, or copies RGB pixels, as image.kind
// says. Takes no memory for a picture before its signature and header have passed the options' limits. Throws
// Error.
Pixels decode(const clip4j_image& image, const clip4j_preprocessing& options);

// OpenCV's, e.g. "4.13.0"; static text.
const char* opencv_version();

}  // namespace clip4j::image
