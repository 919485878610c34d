#pragma once

#include <cstdint>
#include <span>

namespace clip4j::image {

// The bits of clip4j_preprocessing.formats.
enum class Format : int32_t { kJpeg = 1, kPng = 2, kWebp = 4, kGif = 8, kBmp = 16, kTiff = 32 };

const char* name(Format format);

struct Header {
  Format format;
  int64_t width;
  int64_t height;
};

// The format by its signature and the size that the header declares, both at least 1. Reads nothing but
// `bytes` and takes no memory. Throws Error: CLIP4J_CORRUPT (empty; a header that ends early or says
// nonsense), CLIP4J_UNSUPPORTED (none of the formats, or not among `allowed`, the bits of Format).
Header sniff(std::span<const uint8_t> bytes, int32_t allowed);

}  // namespace clip4j::image
