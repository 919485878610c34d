#include "image/sniff.h"

#include <optional>
#include <string>

#include "base/error.h"
#include "image/bmp.h"
#include "image/bytes.h"
#include "image/gif.h"
#include "image/tiff.h"

namespace clip4j::image {
namespace {

using namespace std::string_view_literals;

constexpr Format kFormats[] = {Format::kJpeg, Format::kPng, Format::kWebp,
                               Format::kGif,  Format::kBmp, Format::kTiff};

std::optional<Format> format_of(const ByteReader& file) {
  if (file.has(0, "\xff\xd8\xff"sv)) return Format::kJpeg;
  if (file.has(0, "\x89PNG\r\n\x1a\n"sv)) return Format::kPng;
  if (file.has(0, "RIFF"sv) && file.has(8, "WEBP"sv)) return Format::kWebp;
  if (file.has(0, "GIF87a"sv) || file.has(0, "GIF89a"sv)) return Format::kGif;
  if (file.has(0, "BM"sv)) return Format::kBmp;
  if (file.has(0, "II*\0"sv) || file.has(0, "MM\0*"sv)) return Format::kTiff;
  return std::nullopt;
}

struct Size {
  int64_t width;
  int64_t height;
};

Size jpeg_size(const ByteReader& file) {
  for (size_t at = 2;;) {
    while (file.u8(at) != 0xff) ++at;  // decoders look for the next marker too
    while (file.u8(at) == 0xff) ++at;
    const uint32_t marker = file.u8(at++);
    const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) return {file.u16(at + 5), file.u16(at + 3)};
    const bool bare = marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8);
    if (marker == 0xd9 || marker == 0xda) fail(CLIP4J_CORRUPT, "the JPEG declares no size before its data");
    if (!bare) at += file.u16(at);
  }
}

Size png_size(const ByteReader& file) {
  if (!file.has(12, "IHDR"sv)) fail(CLIP4J_CORRUPT, "the PNG does not begin with its header chunk");
  return {file.u32(16), file.u32(20)};
}

Size webp_size(Bytes bytes) {
  const ByteReader file(bytes, true);
  if (file.has(12, "VP8X"sv)) return {int64_t{file.u24(24)} + 1, int64_t{file.u24(27)} + 1};
  if (file.has(12, "VP8L"sv)) {
    const uint32_t bits = file.u32(21);
    return {int64_t{bits & 0x3fff} + 1, int64_t{bits >> 14 & 0x3fff} + 1};
  }
  if (file.has(12, "VP8 "sv)) return {file.u16(26) & 0x3fff, file.u16(28) & 0x3fff};
  fail(CLIP4J_CORRUPT, "the WebP holds no picture");
}

// Of the canvas that the first frame needs, which may be more than the header declares.
Size gif_size(Bytes bytes) {
  const GifFrame frame = read_gif_frame(bytes);
  return {frame.canvas_width, frame.canvas_height};
}

Size bmp_size(Bytes bytes) {
  const BmpHeader header = read_bmp_header(bytes);
  return {header.width, header.height};
}

Size tiff_size(Bytes bytes) {
  const TiffHeader header = read_tiff_header(bytes);
  return {header.width, header.height};
}

Size size_of(Format format, Bytes bytes) {
  const ByteReader file(bytes);
  switch (format) {
    case Format::kJpeg:
      return jpeg_size(file);
    case Format::kPng:
      return png_size(file);
    case Format::kWebp:
      return webp_size(bytes);
    case Format::kGif:
      return gif_size(bytes);
    case Format::kBmp:
      return bmp_size(bytes);
    case Format::kTiff:
      return tiff_size(bytes);
  }
  __builtin_unreachable();
}

// "JPEG, PNG or GIF"
std::string names(int32_t formats) {
  std::string list;
  int32_t left = formats;
  for (const Format format : kFormats) {
    const int32_t bit = static_cast<int32_t>(format);
    if ((formats & bit) == 0) continue;
    left &= ~bit;
    const bool last = (left & (0x3f & ~(bit - 1))) == 0;
    if (!list.empty()) list += last ? " or " : ", ";
    list += name(format);
  }
  return list.empty() ? "picture of an allowed format" : list + " picture";
}

}  // namespace

const char* name(Format format) {
  switch (format) {
    case Format::kJpeg:
      return "JPEG";
    case Format::kPng:
      return "PNG";
    case Format::kWebp:
      return "WebP";
    case Format::kGif:
      return "GIF";
    case Format::kBmp:
      return "BMP";
    case Format::kTiff:
      return "TIFF";
  }
  return "?";
}

Header sniff(Bytes bytes, int32_t allowed) {
  if (bytes.empty()) fail(CLIP4J_CORRUPT, "the file is empty");
  const std::optional<Format> format = format_of(ByteReader(bytes));
  if (!format) fail(CLIP4J_UNSUPPORTED, "not a ", names(allowed));
  if ((static_cast<int32_t>(*format) & allowed) == 0) {
    fail(CLIP4J_UNSUPPORTED, "a ", name(*format), " picture, and the options do not allow that format");
  }
  const Size size = size_of(*format, bytes);
  if (size.width < 1 || size.height < 1) {
    fail(CLIP4J_CORRUPT, "the ", name(*format), " declares a size of ", size.width, " x ", size.height,
         " pixels");
  }
  return {*format, size.width, size.height};
}

}  // namespace clip4j::image
