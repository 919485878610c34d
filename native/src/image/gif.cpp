#include "image/gif.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "base/exit_gate.h"

namespace clip4j::image {
namespace {

// Goes over a chain of sub-blocks, each a length and that many bytes, up to the empty one.
size_t skip_blocks(const ByteReader& file, size_t at) {
  while (const uint32_t length = file.u8(at)) at += 1 + length;
  return at + 1;
}

// The codes in a chain of sub-blocks, least significant bit first.
class CodeReader {
 public:
  CodeReader(Bytes file, size_t at) : file_(file), at_(at) {}

  uint32_t next(int width) {
    while (count_ < width) {
      if (block_ == 0) block_ = file_.u8(at_++);
      if (block_ == 0) fail(CLIP4J_CORRUPT, "the GIF's data ends too early");
      bits_ |= file_.u8(at_++) << count_;
      --block_;
      count_ += 8;
    }
    const uint32_t code = bits_ & ((1u << width) - 1);
    bits_ >>= width;
    count_ -= width;
    return code;
  }

 private:
  ByteReader file_;
  size_t at_;
  uint32_t block_ = 0;  // bytes left of the current sub-block
  uint32_t bits_ = 0;
  int count_ = 0;
};

// GIF's LZW. Fills `indices` wholly or throws.
class Lzw {
 public:
  Lzw(Bytes file, size_t at) : root_bits_(static_cast<int>(ByteReader(file).u8(at))), codes_(file, at + 1) {
    if (root_bits_ < 1 || root_bits_ > 8) fail(CLIP4J_CORRUPT, "the GIF's code size is ", root_bits_);
  }

  void decode(std::vector<uint8_t>& indices) {
    const uint32_t clear = 1u << root_bits_;
    const uint32_t end = clear + 1;
    int width = root_bits_ + 1;
    uint32_t free = clear + 2;
    uint32_t previous = kNone;
    for (size_t at = 0; at < indices.size();) {
      const uint32_t code = codes_.next(width);
      if (code == clear) {
        exit_gate::check_running();
        width = root_bits_ + 1;
        free = clear + 2;
        previous = kNone;
        continue;
      }
      if (code == end) fail(CLIP4J_CORRUPT, "the GIF's data ends too early");
      if (previous == kNone ? code > clear : code > free) fail(CLIP4J_CORRUPT, "the GIF's data is damaged");

      // A code that is just being defined is the previous string and that string's first index once more.
      const bool unfinished = code == free && previous != kNone;
      const uint32_t known = unfinished ? previous : code;
      const size_t length = length_of(known, clear) + (unfinished ? 1 : 0);
      const size_t stop = std::min(at + length, indices.size());
      uint32_t link = known;
      size_t place = at + length - (unfinished ? 1 : 0);
      for (; link >= clear; link = prefix_[link]) store(indices, --place, last_[link]);
      const uint8_t first = static_cast<uint8_t>(link);
      store(indices, --place, first);
      if (unfinished) store(indices, at + length - 1, first);
      at = stop;

      if (previous != kNone && free < kCodes) {
        prefix_[free] = static_cast<uint16_t>(previous);
        last_[free] = first;
        length_[free] = static_cast<uint16_t>(length_of(previous, clear) + 1);
        ++free;
        if (free == 1u << width && width < kLongestCode) ++width;
      }
      previous = code;
    }
  }

 private:
  static constexpr int kLongestCode = 12;
  static constexpr uint32_t kCodes = 1u << kLongestCode;
  static constexpr uint32_t kNone = kCodes;

  size_t length_of(uint32_t code, uint32_t clear) const { return code < clear ? 1 : length_[code]; }
  static void store(std::vector<uint8_t>& indices, size_t at, uint8_t index) {
    if (at < indices.size()) indices[at] = index;  // the last string may be longer than the picture
  }

  int root_bits_;
  CodeReader codes_;
  std::array<uint16_t, kCodes> prefix_;
  std::array<uint16_t, kCodes> length_;
  std::array<uint8_t, kCodes> last_;
};

// The rows in the order in which they are stored.
std::vector<int> row_order(const GifFrame& frame) {
  std::vector<int> rows;
  rows.reserve(static_cast<size_t>(frame.height));
  if (!frame.interlaced) {
    for (int y = 0; y < frame.height; ++y) rows.push_back(y);
    return rows;
  }
  for (int y = 0; y < frame.height; y += 8) rows.push_back(y);
  for (int y = 4; y < frame.height; y += 8) rows.push_back(y);
  for (int y = 2; y < frame.height; y += 4) rows.push_back(y);
  for (int y = 1; y < frame.height; y += 2) rows.push_back(y);
  return rows;
}

using Color = std::array<uint8_t, 3>;

std::array<Color, 256> colors(const GifFrame& frame, int32_t background) {
  std::array<Color, 256> table{};  // black beyond the palette, as Pillow has it
  for (size_t i = 0; i < table.size(); ++i) {
    if (frame.palette.empty()) {
      table[i].fill(static_cast<uint8_t>(i));
    } else if (3 * i < frame.palette.size()) {
      std::copy_n(frame.palette.begin() + static_cast<ptrdiff_t>(3 * i), 3, table[i].begin());
    }
  }
  if (background >= 0 && frame.transparent >= 0) {
    table[static_cast<size_t>(frame.transparent)] = {static_cast<uint8_t>(background >> 16),
                                                     static_cast<uint8_t>(background >> 8),
                                                     static_cast<uint8_t>(background)};
  }
  return table;
}

}  // namespace

GifFrame read_gif_frame(Bytes bytes) {
  const ByteReader file(bytes, true);
  GifFrame frame{};
  frame.canvas_width = static_cast<int>(file.u16(6));
  frame.canvas_height = static_cast<int>(file.u16(8));
  frame.transparent = -1;
  size_t at = 13;
  const auto read_palette = [&](uint32_t flags) {
    if ((flags & 0x80) == 0) return;
    frame.palette = file.take(at, size_t{3} << ((flags & 7) + 1));
    at += frame.palette.size();
  };
  read_palette(file.u8(10));
  for (;;) {
    const uint32_t kind = file.u8(at++);
    if (kind == ',') break;
    if (kind == ';') fail(CLIP4J_CORRUPT, "the GIF holds no picture");
    if (kind != '!') continue;  // Pillow too looks for the next block
    const bool control = file.u8(at) == 0xf9 && file.u8(at + 1) >= 4;
    if (control && (file.u8(at + 2) & 1) != 0) frame.transparent = static_cast<int>(file.u8(at + 5));
    at = skip_blocks(file, at + 1);
  }
  frame.x = static_cast<int>(file.u16(at));
  frame.y = static_cast<int>(file.u16(at + 2));
  frame.width = static_cast<int>(file.u16(at + 4));
  frame.height = static_cast<int>(file.u16(at + 6));
  if (frame.width == 0 || frame.height == 0) fail(CLIP4J_CORRUPT, "the GIF's frame is empty");
  const uint32_t flags = file.u8(at + 8);
  at += 9;
  frame.interlaced = (flags & 0x40) != 0;
  read_palette(flags);
  frame.data = at;
  frame.canvas_width = std::max(frame.canvas_width, frame.x + frame.width);
  frame.canvas_height = std::max(frame.canvas_height, frame.y + frame.height);
  return frame;
}

Pixels decode_gif(Bytes file, int32_t background) {
  const GifFrame frame = read_gif_frame(file);
  std::vector<uint8_t> indices(static_cast<size_t>(frame.width) * static_cast<size_t>(frame.height));
  Lzw(file, frame.data).decode(indices);

  const std::array<Color, 256> table = colors(frame, background);
  Pixels picture{frame.canvas_width, frame.canvas_height, {}};
  const Color& bare = table[static_cast<size_t>(std::max(frame.transparent, 0))];
  const size_t count = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height);
  picture.rgb.resize(3 * count);
  if (frame.width != picture.width || frame.height != picture.height) {
    for (size_t i = 0; i < count; ++i) {
      std::copy_n(bare.begin(), 3, picture.rgb.begin() + static_cast<ptrdiff_t>(3 * i));
    }
  }
  const uint8_t* index = indices.data();
  for (const int y : row_order(frame)) {
    uint8_t* to = picture.row(frame.y + y) + 3 * frame.x;
    for (int x = 0; x < frame.width; ++x, to += 3) std::copy_n(table[*index++].begin(), 3, to);
  }
  return picture;
}

}  // namespace clip4j::image
