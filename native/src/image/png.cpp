#include "image/png.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "image/crc32.h"

namespace clip4j::image {
namespace {

using namespace std::string_view_literals;

enum ColorType { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgbAlpha = 6 };

class Checker {
 public:
  Checker(Bytes file, bool with_transparency) : file_(file), with_transparency_(with_transparency) {
    out_.reserve(file.size() + 1024);
  }

  std::vector<uint8_t> run() {
    append(file_.take(0, 8));
    for (size_t at = 8;;) {
      const size_t length = file_.u32(at);
      const Bytes type = file_.take(at + 4, 4);
      const Bytes body = file_.take(at + 8, length);
      const uint32_t checksum = file_.u32(at + 8 + length);
      const bool critical = (type[0] & 0x20) == 0;
      const bool transparency = ByteReader(type).has(0, "tRNS"sv);
      if ((critical || transparency) && crc32(file_.take(at + 4, 4 + length)) != checksum) {
        fail(CLIP4J_CORRUPT, "the PNG is damaged: a checksum is wrong");
      }
      at += 12 + length;
      if (critical || transparency) {
        if (chunk(std::string_view(reinterpret_cast<const char*>(type.data()), 4), body)) return std::move(out_);
      }
    }
  }

 private:
  void append(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  void append_u32(uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out_.push_back(static_cast<uint8_t>(value >> shift));
  }

  void keep(std::string_view type, Bytes body) {
    append_u32(static_cast<uint32_t>(body.size()));
    const size_t begin = out_.size();
    out_.insert(out_.end(), type.begin(), type.end());
    append(body);
    append_u32(crc32(Bytes(out_).subspan(begin)));
  }

  // True at the end.
  bool chunk(std::string_view type, Bytes body) {
    if ((type == "IHDR"sv) != (depth_ == 0)) fail(CLIP4J_CORRUPT, "the PNG's chunks are out of order");
    if (type == "IHDR"sv) {
      header(body);
    } else if (type == "PLTE"sv) {
      palette(body);
    } else if (type == "tRNS"sv) {
      if (with_transparency_) transparency(body);
    } else if (type == "IDAT"sv) {
      if (color_ == kPalette && palette_entries_ == 0) fail(CLIP4J_CORRUPT, "the PNG lacks its palette");
      has_data_ = true;
      keep(type, body);
    } else if (type == "IEND"sv) {
      if (!has_data_) fail(CLIP4J_CORRUPT, "the PNG holds no picture");
      keep(type, {});
      return true;
    } else {
      fail(CLIP4J_UNSUPPORTED, "a PNG with an unknown critical chunk");
    }
    return false;
  }

  void header(Bytes body) {
    const ByteReader reader(body);
    depth_ = static_cast<int>(reader.u8(8));
    color_ = static_cast<int>(reader.u8(9));
    const bool valid_depth = color_ == kGrey      ? depth_ == 1 || depth_ == 2 || depth_ == 4 || depth_ == 8 || depth_ == 16
                             : color_ == kPalette ? depth_ == 1 || depth_ == 2 || depth_ == 4 || depth_ == 8
                             : color_ == kRgb || color_ == kGreyAlpha || color_ == kRgbAlpha
                                 ? depth_ == 8 || depth_ == 16
                                 : false;
    if (!valid_depth || body.size() != 13 || reader.u8(10) != 0 || reader.u8(11) != 0 || reader.u8(12) > 1) {
      fail(CLIP4J_CORRUPT, "the PNG's header is damaged");
    }
    keep("IHDR"sv, body);
  }

  void palette(Bytes body) {
    if (color_ != kPalette || has_data_) return;  // elsewhere it is a mere suggestion
    if (palette_entries_ != 0 || body.empty() || body.size() % 3 != 0 || body.size() > 768) {
      fail(CLIP4J_CORRUPT, "the PNG's palette is damaged");
    }
    palette_entries_ = std::min(body.size() / 3, size_t{1} << depth_);
    // All that the depth can index, so that no index is beyond the palette: black, as Pillow has it.
    std::array<uint8_t, 768> entries{};
    std::copy_n(body.begin(), 3 * palette_entries_, entries.begin());
    keep("PLTE"sv, Bytes(entries).first(size_t{3} << depth_));
  }

  void transparency(Bytes body) {
    const bool fits = color_ == kGrey   ? body.size() == 2
                      : color_ == kRgb  ? body.size() == 6
                      : color_ == kPalette ? !body.empty() && body.size() <= palette_entries_
                                           : false;
    if (fits && !has_data_ && !has_transparency_) keep("tRNS"sv, body);
    has_transparency_ = true;
  }

  ByteReader file_;
  bool with_transparency_;
  std::vector<uint8_t> out_;
  int depth_ = 0;
  int color_ = 0;
  size_t palette_entries_ = 0;
  bool has_data_ = false;
  bool has_transparency_ = false;
};

}  // namespace

std::vector<uint8_t> checked_png(Bytes file, bool with_transparency) {
  return Checker(file, with_transparency).run();
}

}  // namespace clip4j::image
