#include "image/png_file.h"

#include <algorithm>
#include <climits>
#include <string_view>

#include "base/crc32.h"
#include "base/error.h"

namespace clip4j::image {
namespace {

using namespace std::string_view_literals;

[[noreturn]] void fail_damaged(const char* what) { fail(CLIP4J_CORRUPT, "the PNG is damaged: ", what); }

class ChunkReader {
 public:
  explicit ChunkReader(Bytes file) : file_(file) { png_.palette_alpha.fill(255); }

  PngFile run() {
    for (size_t at = 8;;) {
      const size_t length = file_.u32(at);
      const Bytes type_bytes = file_.take(at + 4, 4);
      const std::string_view type(reinterpret_cast<const char*>(type_bytes.data()), 4);
      const Bytes body = file_.take(at + 8, length);
      const uint32_t checksum = file_.u32(at + 8 + length);
      const bool critical = (type_bytes[0] & 0x20) == 0;
      if (critical || type == "tRNS"sv) {
        if (crc32(file_.take(at + 4, 4 + length)) != checksum) fail_damaged("a checksum is wrong");
        if (type == "IEND"sv) break;
        chunk(type, body);
      }
      at += 12 + length;
    }
    if (png_.data.empty()) fail_damaged("it holds no picture");
    return std::move(png_);
  }

 private:
  void chunk(std::string_view type, Bytes body) {
    if ((type == "IHDR"sv) != (png_.depth == 0)) fail_damaged("its chunks are out of order");
    if (type == "IHDR"sv) {
      header(body);
    } else if (type == "PLTE"sv) {
      palette(body);
    } else if (type == "tRNS"sv) {
      transparency(body);
    } else if (type == "IDAT"sv) {
      if (png_.color == PngFile::kPalette && !has_palette_) fail_damaged("it lacks its palette");
      png_.data.insert(png_.data.end(), body.begin(), body.end());
    } else {
      fail(CLIP4J_UNSUPPORTED, "a PNG with a critical chunk of unknown type");
    }
  }

  void header(Bytes body) {
    const ByteReader reader(body);
    const uint32_t width = reader.u32(0);
    const uint32_t height = reader.u32(4);
    const uint32_t depth = reader.u8(8);
    const uint32_t color = reader.u8(9);
    const bool bytes = depth == 8 || depth == 16;
    const bool bits = depth == 1 || depth == 2 || depth == 4;
    const bool valid = color == PngFile::kGrey      ? bits || bytes
                       : color == PngFile::kPalette ? bits || depth == 8
                                                    : bytes && (color == 2 || color == 4 || color == 6);
    if (!valid || body.size() != 13 || width == 0 || width > INT_MAX || height == 0 || height > INT_MAX ||
        reader.u8(10) != 0 || reader.u8(11) != 0 || reader.u8(12) > 1) {
      fail_damaged("its header makes no sense");
    }
    png_.width = static_cast<int>(width);
    png_.height = static_cast<int>(height);
    png_.depth = static_cast<int>(depth);
    png_.color = static_cast<PngFile::Color>(color);
    png_.interlaced = reader.u8(12) != 0;
  }

  void palette(Bytes body) {
    if (png_.color != PngFile::kPalette) return;  // elsewhere it is a mere suggestion
    if (has_palette_ || body.empty() || body.size() % 3 != 0 || body.size() > 768) {
      fail_damaged("its palette");
    }
    for (size_t i = 0; 3 * i < body.size(); ++i) std::copy_n(&body[3 * i], 3, png_.palette[i].begin());
    has_palette_ = true;
  }

  void transparency(Bytes body) {
    const ByteReader reader(body);
    const auto sample = [&](size_t i) { return static_cast<uint16_t>(reader.u16(2 * i)); };
    if (png_.color == PngFile::kPalette) {
      std::copy_n(body.begin(), std::min<size_t>(body.size(), 256), png_.palette_alpha.begin());
    } else if (png_.color == PngFile::kGrey && body.size() == 2) {
      png_.transparent = {sample(0), 0, 0};
    } else if (png_.color == PngFile::kRgb && body.size() == 6) {
      png_.transparent = {sample(0), sample(1), sample(2)};
    }
  }

  ByteReader file_;
  PngFile png_;
  bool has_palette_ = false;
};

}  // namespace

int PngFile::samples() const {
  switch (color) {
    case kGrey:
    case kPalette:
      return 1;
    case kGreyAlpha:
      return 2;
    case kRgb:
      return 3;
    case kRgbAlpha:
      return 4;
  }
  __builtin_unreachable();
}

PngFile read_png_file(Bytes file) { return ChunkReader(file).run(); }

}  // namespace clip4j::image
