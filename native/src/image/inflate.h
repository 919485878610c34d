#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "image/bytes.h"

namespace clip4j::image {

// Decompresses a zlib stream (RFC 1950 and 1951) piece by piece, in 100 KB whatever the stream's size. It is here
// because libpng prints what it finds wrong with a stream to stderr, and OpenCV offers no way to stop it. Throws
// Error(CLIP4J_CORRUPT) when the stream is damaged or ends too early.
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

  // A canonical prefix code whose bits come least significant first.
  class Code {
   public:
    void build(const uint8_t* lengths, size_t count);
    // The next symbol; `bits` hold at least 15 bits. Drops the code.
    uint32_t decode(uint64_t& bits, int& count) const {
      const Entry entry = quick_[bits & ((1u << kQuickBits) - 1)];
      if (entry.length == 0) return decode_long(bits, count);
      bits >>= entry.length;
      count -= entry.length;
      return entry.symbol;
    }

   private:
    static constexpr int kQuickBits = 10;
    static constexpr int kLongest = 15;
    struct Entry {
      uint16_t symbol;
      uint16_t length;  // 0: a longer code, or none
    };
    uint32_t decode_long(uint64_t& bits, int& count) const;

    std::array<Entry, 1 << kQuickBits> quick_;
    std::array<uint32_t, kLongest + 1> code_end_;  // by length: one behind the last code, in 15 bits from the top
    std::array<int32_t, kLongest + 1> symbol_at_;  // by length: index of code 0, were there one
    std::array<uint16_t, 288> symbols_;
  };

  enum class Block { kNone, kStored, kCoded };

  void refill();
  uint32_t take(int count);
  void produce();
  void begin_block();
  void read_codes();
  void fixed_codes();
  void copy_stored();
  void decode_symbols();

  Bytes stream_;
  size_t at_ = 0;
  uint64_t bits_ = 0;
  int count_ = 0;
  int padding_ = 0;  // of count_, the zeros behind the end
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
