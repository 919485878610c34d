#pragma once

#include <cstdint>

#include "image/bytes.h"

namespace clip4j::image {

// The checksum of PNG and zlib (reflected polynomial 0xedb88320).
uint32_t crc32(Bytes bytes);

}  // namespace clip4j::image
