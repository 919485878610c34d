#include "image/exif.h"

#include <cstring>
#include <string_view>

#include "base/error.h"
#include "image/tiff.h"

namespace clip4j::image {
namespace {

using namespace std::string_view_literals;

// Some writers put JPEG's introduction in front elsewhere too.
int orientation_of(Bytes exif) {
  return read_tiff_header(ByteReader(exif).has(0, "Exif\0\0"sv) ? exif.subspan(6) : exif).orientation;
}

int jpeg_orientation(Bytes bytes) {
  const ByteReader file(bytes);
  for (size_t at = 2; file.u8(at) == 0xff;) {
    const uint32_t marker = file.u8(at + 1);
    if (marker == 0xff) {
      ++at;
      continue;
    }
    if (marker == 0xda || marker == 0xd9) break;
    const size_t length = file.u16(at + 2);
    if (marker == 0xe1 && length >= 2 && file.has(at + 4, "Exif\0\0"sv)) {
      return orientation_of(file.take(at + 4, length - 2));
    }
    at += 2 + length;
  }
  return 1;
}

int png_orientation(Bytes bytes) {
  const ByteReader file(bytes);
  for (size_t at = 8; !file.has(at + 4, "IEND"sv); at += size_t{12} + file.u32(at)) {
    if (file.has(at + 4, "eXIf"sv)) return orientation_of(file.take(at + 8, file.u32(at)));
  }
  return 1;
}

int webp_orientation(Bytes bytes) {
  const ByteReader file(bytes, true);
  for (size_t at = 12; at + 8 <= file.size(); at += 8 + (size_t{file.u32(at + 4)} + 1) / 2 * 2) {
    if (file.has(at, "EXIF"sv)) return orientation_of(file.take(at + 8, file.u32(at + 4)));
  }
  return 1;
}

int stored_orientation(Bytes file, Format format) {
  switch (format) {
    case Format::kJpeg:
      return jpeg_orientation(file);
    case Format::kPng:
      return png_orientation(file);
    case Format::kWebp:
      return webp_orientation(file);
    case Format::kTiff:
      return read_tiff_header(file).orientation;
    case Format::kGif:
    case Format::kBmp:
      return 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(Bytes file, Format format) {
  try {
    return stored_orientation(file, format);
  } catch (const Error&) {
    return 1;  // damaged metadata does not spoil the picture
  }
}

Pixels upright(Pixels picture, int orientation) {
  if (orientation <= 1 || orientation > 8) return picture;
  const bool transposed = orientation >= 5;
  // In the stored picture, after the transposition of 5 to 8.
  const bool mirrored = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool upside_down = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  Pixels result;
  result.width = transposed ? picture.height : picture.width;
  result.height = transposed ? picture.width : picture.height;
  result.rgb.resize(picture.rgb.size());
  uint8_t* to = result.rgb.data();
  for (int y = 0; y < result.height; ++y) {
    const int from_y = upside_down ? result.height - 1 - y : y;
    for (int x = 0; x < result.width; ++x, to += 3) {
      const int from_x = mirrored ? result.width - 1 - x : x;
      std::memcpy(to, transposed ? picture.row(from_x) + 3 * from_y : picture.row(from_y) + 3 * from_x, 3);
    }
  }
  return result;
}

}  // namespace clip4j::image
