#pragma once

#include <cstdint>
#include <vector>

#include "image/bytes.h"

namespace clip4j::image {

// The same picture with nothing in it that libpng could warn about (it does so on stderr): checks the chunks that make
// pixels and their checksums, and drops all others, the frames of an animation too. Transparency that is not a channel
// of its own is kept only `with_transparency`. Throws Error: CLIP4J_CORRUPT, CLIP4J_UNSUPPORTED.
std::vector<uint8_t> checked_png(Bytes file, bool with_transparency);

}  // namespace clip4j::image
