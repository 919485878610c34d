#include "image/bmp.h"

#include "base/error.h"

namespace clip4j::image {
namespace {

constexpr size_t kStart = 14;  // of the header that says how long it is
constexpr uint32_t kOs2Size = 12;
constexpr uint32_t kMaskedSize = 56;  // from here on OpenCV reads the masks of 32 bits
constexpr uint32_t kBitfields = 3;

struct Masks {
  uint32_t red, green, blue;
};

Masks read_masks(const ByteReader& file, size_t at) {
  return {file.u32(at), file.u32(at + 4), file.u32(at + 8)};
}

}  // namespace

BmpHeader read_bmp_header(Bytes bytes) {
  const ByteReader file(bytes, true);
  const uint32_t size = file.u32(kStart);
  BmpHeader header;
  if (size == kOs2Size) {
    header.width = file.u16(18);
    header.height = file.u16(20);
    return header;
  }
  header.width = file.i32(18);
  const int64_t height = file.i32(22);
  header.height = height < 0 ? -height : height;  // negative: stored from the top
  const uint32_t bits = file.u16(28);
  const bool masked = file.u32(30) == kBitfields;
  if (bits == 16) {  // OpenCV reads masks behind the header, and refuses what is no mask.
    header.green_bits = masked && read_masks(file, kStart + size).green == 0x7e0 ? 6 : 5;
  }
  header.opaque = !masked || size < kMaskedSize;
  if (bits == 32 && masked && header.opaque) {
    const Masks masks = read_masks(file, 54);
    if (masks.red != 0xff0000 || masks.green != 0xff00 || masks.blue != 0xff) {
      fail(CLIP4J_UNSUPPORTED, "a BMP whose samples are in another order than blue, green, red");
    }
  }
  return header;
}

}  // namespace clip4j::image
