#pragma once

#include <cstdint>
#include <vector>

#include "image/bytes.h"

namespace clip4j::image {

// The same picture with nothing behind it: where the picture's own data ends too early, libwebp reads on into
// the next chunk. Throws Error(CLIP4J_CORRUPT) when the chunks do not fill the file as their sizes say.
std::vector<uint8_t> plain_webp(Bytes file);

}  // namespace clip4j::image
