#include "image/jpeg_bits.h"

#include <algorithm>

namespace clip4j::image {

void JpegBits::fill() {
  if (padding_ == 0 && end_ - at_ >= 8) {
    uint64_t word;
    std::memcpy(&word, data_ + at_, 8);
    const bool has_ff = ((~word - 0x0101010101010101u) & word & 0x8080808080808080u) != 0;
    if (!has_ff) {
      // Bits below count_ may be set already, by the same bytes.
      bits_ |= __builtin_bswap64(word) >> count_;
      const int bytes = (64 - count_) / 8;
      at_ += static_cast<size_t>(bytes);
      count_ += 8 * bytes;
      return;
    }
  }
  while (count_ <= 56) {
    uint64_t byte = 0;
    if (padding_ == 0 && at_ < end_) {
      byte = data_[at_];
      size_t next = at_ + 1;
      if (byte == 0xff) {
        while (next < end_ && data_[next] == 0xff) ++next;  // fill bytes
        if (next == end_ || data_[next] != 0) {
          padding_ = 8;  // a marker: at_ stays before it
          byte = 0;
          next = at_;
        } else {
          ++next;
        }
      }
      at_ = next;
    } else {
      padding_ += 8;
    }
    bits_ |= byte << (56 - count_);
    count_ += 8;
  }
}

size_t JpegBits::align() {
  size_t at = at_;
  for (int unused = (count_ - padding_) / 8; unused > 0; --unused) {
    if (data_[--at] == 0 && data_[at - 1] == 0xff) {
      while (data_[at - 1] == 0xff) --at;
    }
  }
  return at;
}

JpegHuffman::JpegHuffman(Bytes counts, Bytes symbols) : defined_(true) {
  std::copy(symbols.begin(), symbols.end(), symbols_.begin());
  uint32_t code = 0;
  int32_t index = 0;
  for (int length = 1; length <= 16; ++length) {
    const uint32_t count = counts[static_cast<size_t>(length - 1)];
    if (code + count > 1u << length) fail(CLIP4J_CORRUPT, "a Huffman table is no prefix code");
    symbol_at_[static_cast<size_t>(length)] = index - static_cast<int32_t>(code);
    for (uint32_t i = 0; i < count; ++i, ++code, ++index) {
      if (length > kQuickBits) continue;
      const size_t first = static_cast<size_t>(code) << (kQuickBits - length);
      const uint8_t symbol = symbols_[static_cast<size_t>(index)];
      const Entry entry{static_cast<uint8_t>(length), static_cast<uint8_t>(length + (symbol & 15)), symbol};
      std::fill_n(quick_.begin() + static_cast<ptrdiff_t>(first), size_t{1} << (kQuickBits - length), entry);
    }
    code_end_[static_cast<size_t>(length)] = code << (16 - length);
    code <<= 1;
  }
}

int JpegHuffman::decode_long(JpegBits& bits, uint32_t next) const {
  for (int length = kQuickBits + 1; length <= 16; ++length) {
    if (next >= code_end_[static_cast<size_t>(length)]) continue;
    bits.skip(length);
    const int32_t code = static_cast<int32_t>(next >> (16 - length));
    return symbols_[static_cast<size_t>(symbol_at_[static_cast<size_t>(length)] + code)];
  }
  return kBadCode;
}

}  // namespace clip4j::image
