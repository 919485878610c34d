#include "image/tiff.h"

#include <string_view>

#include "base/error.h"

namespace clip4j::image {
namespace {

using namespace std::string_view_literals;

enum Tag : uint32_t {
  kWidth = 256,
  kHeight = 257,
  kPhotometric = 262,
  kOrientation = 274,
  kExtraSamples = 338
};
constexpr uint32_t kShort = 3;
constexpr uint32_t kAssociatedAlpha = 1;
constexpr uint32_t kUnassociatedAlpha = 2;
constexpr uint32_t kFirstLab = 8;  // CIE's, ICC's, ITU's
constexpr uint32_t kLastLab = 10;

// Calls visit(tag, value, where its lowest byte is) for each entry of the first directory that holds one
// number.
template <typename Visit>
void visit_directory(Bytes bytes, Visit&& visit) {
  const bool little_endian = ByteReader(bytes).has(0, "II*\0"sv);
  if (!little_endian && !ByteReader(bytes).has(0, "MM\0*"sv)) fail(CLIP4J_CORRUPT, "not a TIFF structure");
  const ByteReader file(bytes, little_endian);
  const size_t directory = file.u32(4);
  const uint32_t entries = file.u16(directory);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (file.u32(entry + 4) != 1) continue;
    const bool is_short = file.u16(entry + 2) == kShort;
    const uint32_t value = is_short ? file.u16(entry + 8) : file.u32(entry + 8);
    visit(file.u16(entry), value, entry + 8 + (little_endian ? 0 : is_short ? 1 : 3));
  }
}

}  // namespace

TiffHeader read_tiff_header(Bytes bytes) {
  TiffHeader header;
  visit_directory(bytes, [&](uint32_t tag, uint32_t value, size_t) {
    if (tag == kWidth) header.width = value;
    if (tag == kHeight) header.height = value;
    if (tag == kOrientation) header.orientation = value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  });
  return header;
}

std::vector<uint8_t> plain_tiff(Bytes bytes) {
  std::vector<uint8_t> plain(bytes.begin(), bytes.end());
  visit_directory(bytes, [&](uint32_t tag, uint32_t value, size_t lowest) {
    // Pillow makes other colours of these than libtiff and OpenCV.
    if (tag == kPhotometric && value >= kFirstLab && value <= kLastLab) {
      fail(CLIP4J_UNSUPPORTED, "a TIFF of L*a*b* colours");
    }
    if (tag == kExtraSamples && value == kAssociatedAlpha) {
      fail(CLIP4J_UNSUPPORTED, "a TIFF whose colours are multiplied by their alpha");
    }
    if (tag == kOrientation) plain[lowest] = 1;
    if (tag == kExtraSamples && value == kUnassociatedAlpha) plain[lowest] = kAssociatedAlpha;
  });
  return plain;
}

}  // namespace clip4j::image
