#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "image/bytes.h"

namespace clip4j::image {

// Decompresses a zlib stream (RFC 1950 and 1951) piece by piece, in 100 KB whatever the stream's size. It is
// here because libpng prints what it finds wrong with a stream to stderr, and OpenCV offers no way to stop
// it. Throws Error(CLIP4J_CORRUPT) when the stream is damaged or ends too early.
class Inflater {
 public:
  // `stream` must outlive this.
  explicit Inflater(Bytes stream);

  // The next `count` bytes. The stream's own checksum is not looked at: PNG's cover the same bytes.
  void read(uint8_t* to, size_t count);

 private:
  static constexpr size_t kWindow = 32768;
  static constexpr size_t kLongestMatch = 258;
  static constexpr size_t kBuffer = 3 * kWindow;
  static constexpr size_t kSlack = 16;  // matches are copied in words

  // Bits, least significant first. Methods that are not inline take and return it by value: a copy whose
  // address nobody knows stays in registers.
  struct Bits {
    Bytes stream;
    size_t at = 0;
    uint64_t bits = 0;
    int count = 0;
    int padding = 0;  // of count, the zeros behind the end

    // At least 56 bits, zeros behind the end.
    void refill() {
      if (stream.size() - at < 8) {
        *this = refilled_at_end(*this);
        return;
      }
      uint64_t word;
      std::memcpy(&word, stream.data() + at, 8);
      bits |= word << count;  // bits above count may be set already, by the same bytes
      at += (63u - static_cast<uint32_t>(count)) / 8;
      count |= 56;
    }
    void drop(int number) {
      bits >>= number;
      count -= number;
    }
    // Of bits that are there.
    uint32_t take(int number) {
      const uint32_t value = static_cast<uint32_t>(bits & ((uint64_t{1} << number) - 1));
      drop(number);
      return value;
    }
    // Whether more bits were taken than there are.
    bool overrun() const { return count < padding; }
    static Bits refilled_at_end(Bits bits);
  };

  // A canonical prefix code.
  class Code {
   public:
    void build(const uint8_t* lengths, size_t count);
    // The next symbol, dropping its code; `bits` hold at least 15.
    uint32_t decode(Bits& bits) const {
      Entry entry = quick_[bits.bits & ((1u << kQuickBits) - 1)];
      if (entry.length == 0) entry = look_up_long(bits.bits);
      bits.drop(entry.length);
      return entry.symbol;
    }

   private:
    static constexpr int kQuickBits = 10;
    static constexpr int kLongest = 15;
    struct Entry {
      uint16_t symbol;
      uint16_t length;  // 0: a longer code, or none
    };
    Entry look_up_long(uint64_t bits) const;

    std::array<Entry, 1 << kQuickBits> quick_;
    std::array<uint32_t, kLongest + 1> code_end_;  // by length: behind the last code, in 15 bits from the top
    std::array<int32_t, kLongest + 1> symbol_at_;  // by length: index of code 0, were there one
    std::array<uint16_t, 288> symbols_;
  };

  enum class Block { kNone, kStored, kCoded };

  uint32_t take(int count);
  void produce();
  void begin_block();
  void read_codes();
  void fixed_codes();
  void copy_stored();
  void decode_symbols();

  Bits bits_;
  Block block_ = Block::kNone;
  bool last_block_ = false;
  size_t stored_ = 0;  // bytes left of a stored block
  Code literals_;
  Code distances_;
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0;  // of what has not been read yet
  size_t end_ = 0;
};

}  // namespace clip4j::image
