#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "image/bytes.h"

namespace clip4j::image {

// The bits of entropy-coded data whose byte stuffing has been undone. Readers may go on beyond its end,
// through zeros, and find out later: behind the data kPadding bytes must be readable, which is more than any
// block takes.
class JpegBits {
 public:
  static constexpr size_t kPadding = 512;

  explicit JpegBits(const uint8_t* data) : data_(data) {}

  // The next 16 bits, in the low half.
  uint32_t peek16() {
    // Most often there are enough: refilling each time would make every symbol wait for another load.
    if (count_ < kMostPeeked) refill();
    return static_cast<uint32_t>(bits_ >> 48);
  }
  // The number of `size` bits (15 at the most) behind the next `skipped`: JPEG's negative ones begin with 0,
  // and are too large by 2^size - 1. After peek16. No branch: nobody could predict the sign.
  int32_t peek_number(int skipped, int size) const {
    const uint64_t rest = bits_ << skipped;
    const int32_t number = static_cast<int32_t>(rest >> 1 >> (63 - size));
    const int32_t negative = static_cast<int32_t>(~(static_cast<int64_t>(rest) >> 63));
    return number - (((1 << size) - 1) & negative);
  }
  // Drops what was peeked at, and up to 15 bits behind it.
  void skip(int count) {
    bits_ <<= count;
    count_ -= count;
  }
  uint32_t take(int count) {
    const uint32_t value = peek16() >> (16 - count);
    skip(count);
    return value;
  }
  // The bytes used so far, the last one maybe in part.
  size_t used() const { return at_ - static_cast<size_t>(count_ / 8); }

 private:
  static constexpr int kMostPeeked = 31;

  void refill() {
    uint64_t word;
    std::memcpy(&word, data_ + at_, 8);
    bits_ |= __builtin_bswap64(word) >> count_;  // bits below count_ may be set already, by the same bytes
    at_ += (63u - static_cast<uint32_t>(count_)) / 8;
    count_ |= 56;
  }

  const uint8_t* data_;
  size_t at_ = 0;
  uint64_t bits_ = 0;  // from the top
  int count_ = 0;
};

// A Huffman table as a JPEG's DHT segment gives it.
class JpegHuffman {
 public:
  static constexpr int kBadCode = -1;

  JpegHuffman() = default;
  // Throws Error(CLIP4J_CORRUPT) when the 16 counts describe no prefix code.
  JpegHuffman(Bytes counts, Bytes symbols);

  bool defined() const { return defined_; }
  // Reads one Huffman symbol, or kBadCode.
  int decode(JpegBits& bits) const {
    const Entry entry = look_up(bits.peek16());
    bits.skip(entry.length);
    return entry.symbol;
  }
  // Reads one, and skips the value behind it, whose bits the symbol's low half counts.
  int decode_over_value(JpegBits& bits) const { return decode_value(bits).symbol; }
  struct Value {
    int symbol;
    int32_t value;
  };
  // The same, and what the value is.
  Value decode_value(JpegBits& bits) const {
    const Entry entry = look_up(bits.peek16());
    const int32_t value = bits.peek_number(entry.length, entry.symbol & 15);
    bits.skip(entry.with_value);
    return {entry.symbol, value};
  }

 private:
  static constexpr int kQuickBits = 10;
  struct Entry {
    int16_t symbol;
    uint8_t length;  // 0: a longer code
    uint8_t with_value;
  };
  // Both by value: bits whose address nobody knows stay in registers.
  Entry look_up(uint32_t next) const {
    const Entry entry = quick_[next >> (16 - kQuickBits)];
    return entry.length != 0 ? entry : look_up_long(next);
  }
  Entry look_up_long(uint32_t next) const;
  static Entry entry(int length, uint8_t symbol) {
    return {symbol, static_cast<uint8_t>(length), static_cast<uint8_t>(length + (symbol & 15))};
  }

  bool defined_ = false;
  std::array<Entry, 1 << kQuickBits> quick_{};
  std::array<uint32_t, 17> code_end_{};  // by length: one behind the last code, in 16 bits from the top
  std::array<int32_t, 17> symbol_at_{};  // by length: index of code 0, were there one
  std::array<uint8_t, 256> symbols_{};
};

}  // namespace clip4j::image
