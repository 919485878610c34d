#pragma once

#include <array>
#include <cstdint>

#include "image/bytes.h"

namespace clip4j::image {

// The bits of a JPEG's entropy-coded data: byte stuffing undone, stopping at the first marker. Beyond that it gives
// zeros and remembers that it did, so that the walk need not check every bit.
class JpegBits {
 public:
  JpegBits(Bytes file, size_t at) : data_(file.data()), at_(at), end_(file.size()) {}

  // The next 16 bits, in the low half.
  uint32_t peek16() {
    if (count_ < 32) fill();
    return static_cast<uint32_t>(bits_ >> 48);
  }
  // Drops what was peeked at, and up to 15 bits behind it.
  void skip(int count) {
    bits_ <<= count;
    count_ -= count;
  }
  uint32_t take(int count) {
    const uint32_t value = count == 0 ? 0 : peek16() >> (16 - count);
    skip(count);
    return value;
  }
  // Whether more bits were asked for than there are.
  bool overrun() const { return count_ < padding_; }
  // The byte behind the last one used, which is where the next marker must begin.
  size_t align();

 private:
  void fill();

  const uint8_t* data_;
  size_t at_;
  size_t end_;
  uint64_t bits_ = 0;  // from the top
  int count_ = 0;
  int padding_ = 0;  // of count_, the zeros behind the end
};

// A Huffman table as a JPEG's DHT segment gives it.
class JpegHuffman {
 public:
  static constexpr int kBadCode = -1;

  JpegHuffman() = default;
  // Throws Error(CLIP4J_CORRUPT) when the 16 counts describe no prefix code.
  JpegHuffman(Bytes counts, Bytes symbols);

  bool defined() const { return defined_; }
  // The next symbol, or kBadCode. Goes over the code alone.
  int decode(JpegBits& bits) const {
    const uint32_t next = bits.peek16();
    const Entry entry = quick_[next >> (16 - kQuickBits)];
    if (entry.length == 0) return decode_long(bits, next);
    bits.skip(entry.length);
    return entry.symbol;
  }
  // The same, but also goes over the value behind the code, whose bits the symbol's low half counts.
  int decode_over_value(JpegBits& bits) const {
    const uint32_t next = bits.peek16();
    const Entry entry = quick_[next >> (16 - kQuickBits)];
    if (entry.length == 0) {
      const int symbol = decode_long(bits, next);
      if (symbol != kBadCode) bits.skip(symbol & 15);
      return symbol;
    }
    bits.skip(entry.with_value);
    return entry.symbol;
  }

 private:
  static constexpr int kQuickBits = 9;
  struct Entry {
    uint8_t length;  // 0: a longer code
    uint8_t with_value;
    uint8_t symbol;
  };
  int decode_long(JpegBits& bits, uint32_t next) const;

  bool defined_ = false;
  std::array<Entry, 1 << kQuickBits> quick_{};
  std::array<uint32_t, 17> code_end_{};  // by length: one behind the last code, in 16 bits from the top
  std::array<int32_t, 17> symbol_at_{};  // by length: index of code 0, were there one
  std::array<uint8_t, 256> symbols_{};
};

}  // namespace clip4j::image
