#include "image/inflate.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace clip4j::image {
namespace {

[[noreturn]] void fail_damaged() { fail(CLIP4J_CORRUPT, "the compressed data is damaged"); }
[[noreturn]] void fail_early() { fail(CLIP4J_CORRUPT, "the compressed data ends too early"); }

struct Range {
  uint16_t base;
  uint8_t extra_bits;
};

constexpr Range kLengths[29] = {{3, 0},   {4, 0},   {5, 0},   {6, 0},   {7, 0},  {8, 0},  {9, 0},  {10, 0},
                                {11, 1},  {13, 1},  {15, 1},  {17, 1},  {19, 2}, {23, 2}, {27, 2}, {31, 2},
                                {35, 3},  {43, 3},  {51, 3},  {59, 3},  {67, 4}, {83, 4}, {99, 4}, {115, 4},
                                {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}};
constexpr Range kDistances[30] = {{1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},
                                  {9, 2},     {13, 2},    {17, 3},    {25, 3},     {33, 4},     {49, 4},
                                  {65, 5},    {97, 5},    {129, 6},   {193, 6},    {257, 7},    {385, 7},
                                  {513, 8},   {769, 8},   {1025, 9},  {1537, 9},   {2049, 10},  {3073, 10},
                                  {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}};

constexpr uint32_t kEndOfBlock = 256;

uint32_t reversed(uint32_t code, int length) {
  uint32_t result = 0;
  for (int bit = 0; bit < length; ++bit) result |= (code >> bit & 1) << (length - 1 - bit);
  return result;
}

}  // namespace

void Inflater::Code::build(const uint8_t* lengths, size_t count) {
  std::array<uint32_t, kLongest + 1> counts{};
  for (size_t i = 0; i < count; ++i) ++counts[lengths[i]];
  counts[0] = 0;
  quick_.fill({0, 0});
  std::array<uint32_t, kLongest + 1> next{};
  uint32_t code = 0;
  int32_t index = 0;
  for (size_t length = 1; length <= kLongest; ++length) {
    next[length] = code;
    symbol_at_[length] = index - static_cast<int32_t>(code);
    code += counts[length];
    index += static_cast<int32_t>(counts[length]);
    if (code > 1u << length) fail_damaged();
    code_end_[length] = code << (kLongest - length);
    code <<= 1;
  }
  // Incomplete codes are left at that: bits that mean nothing are found when they come.
  for (size_t symbol = 0; symbol < count; ++symbol) {
    const size_t length = lengths[symbol];
    if (length == 0) continue;
    const uint32_t own = next[length]++;
    symbols_[static_cast<size_t>(symbol_at_[length] + static_cast<int32_t>(own))] =
        static_cast<uint16_t>(symbol);
    if (length > kQuickBits) continue;
    for (uint32_t i = reversed(own, static_cast<int>(length)); i < quick_.size(); i += 1u << length) {
      quick_[i] = {static_cast<uint16_t>(symbol), static_cast<uint16_t>(length)};
    }
  }
}

Inflater::Code::Entry Inflater::Code::look_up_long(uint64_t bits) const {
  const uint32_t ahead = reversed(static_cast<uint32_t>(bits & 0x7fff), kLongest);
  for (size_t length = kQuickBits + 1; length <= kLongest; ++length) {
    if (ahead >= code_end_[length]) continue;
    const int32_t code = static_cast<int32_t>(ahead >> (kLongest - length));
    return {symbols_[static_cast<size_t>(symbol_at_[length] + code)], static_cast<uint16_t>(length)};
  }
  fail_damaged();
}

Inflater::Bits Inflater::Bits::refilled_at_end(Bits bits) {
  bits.bits &= (uint64_t{1} << bits.count) - 1;
  for (; bits.count < 56; bits.count += 8) {
    if (bits.at < bits.stream.size()) {
      bits.bits |= uint64_t{bits.stream[bits.at++]} << bits.count;
    } else {
      bits.padding += 8;
    }
  }
  return bits;
}

Inflater::Inflater(Bytes stream) : buffer_(kBuffer + kSlack) {
  bits_.stream = stream;
  const uint32_t method = take(8);
  const uint32_t flags = take(8);
  const bool deflate = (method & 15) == 8 && method >> 4 <= 7;
  if (!deflate || (method << 8 | flags) % 31 != 0 || (flags & 0x20) != 0) fail_damaged();
}

void Inflater::read(uint8_t* to, size_t count) {
  while (count > 0) {
    if (begin_ == end_) produce();
    const size_t here = std::min(count, end_ - begin_);
    std::memcpy(to, buffer_.data() + begin_, here);
    begin_ += here;
    to += here;
    count -= here;
  }
}

uint32_t Inflater::take(int count) {
  if (bits_.count < count) bits_.refill();
  const uint32_t value = bits_.take(count);
  if (bits_.overrun()) fail_early();
  return value;
}

// Makes at least one byte more, keeping the window before it.
void Inflater::produce() {
  if (end_ + kLongestMatch > kBuffer) {
    std::memmove(buffer_.data(), buffer_.data() + end_ - kWindow, kWindow);
    begin_ = end_ = kWindow;
  }
  const size_t before = end_;
  while (end_ == before) {
    switch (block_) {
      case Block::kNone:
        begin_block();
        break;
      case Block::kStored:
        copy_stored();
        break;
      case Block::kCoded:
        decode_symbols();
        break;
    }
  }
}

void Inflater::begin_block() {
  if (last_block_) fail_early();
  last_block_ = take(1) != 0;
  switch (take(2)) {
    case 0: {
      take(bits_.count % 8);
      const uint32_t length = take(16);
      if ((take(16) ^ length) != 0xffff) fail_damaged();
      // Whole bytes that were read ahead go back.
      bits_ = {bits_.stream, bits_.at - static_cast<size_t>((bits_.count - bits_.padding) / 8), 0, 0, 0};
      stored_ = length;
      block_ = Block::kStored;
      break;
    }
    case 1:
      fixed_codes();
      block_ = Block::kCoded;
      break;
    case 2:
      read_codes();
      block_ = Block::kCoded;
      break;
    default:
      fail_damaged();
  }
}

void Inflater::fixed_codes() {
  std::array<uint8_t, 288> lengths;
  for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    lengths[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
  }
  literals_.build(lengths.data(), lengths.size());
  lengths.fill(5);
  distances_.build(lengths.data(), 30);
}

void Inflater::read_codes() {
  constexpr uint8_t kOrder[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  const size_t literal_count = take(5) + 257;
  const size_t distance_count = take(5) + 1;
  const size_t order_count = take(4) + 4;
  if (literal_count > 286 || distance_count > 30) fail_damaged();
  std::array<uint8_t, 19> own{};
  for (size_t i = 0; i < order_count; ++i) own[kOrder[i]] = static_cast<uint8_t>(take(3));
  Code lengths_code;
  lengths_code.build(own.data(), own.size());

  std::array<uint8_t, 286 + 30> lengths{};
  const size_t total = literal_count + distance_count;
  for (size_t at = 0; at < total;) {
    bits_.refill();
    const uint32_t symbol = lengths_code.decode(bits_);
    if (symbol < 16) {
      lengths[at++] = static_cast<uint8_t>(symbol);
      continue;
    }
    if (symbol == 16 && at == 0) fail_damaged();
    const uint8_t repeated = symbol == 16 ? lengths[at - 1] : 0;
    const size_t times = symbol == 16 ? take(2) + 3 : symbol == 17 ? take(3) + 3 : take(7) + 11;
    if (times > total - at) fail_damaged();
    std::fill_n(lengths.begin() + static_cast<ptrdiff_t>(at), times, repeated);
    at += times;
  }
  if (lengths[kEndOfBlock] == 0) fail_damaged();
  literals_.build(lengths.data(), literal_count);
  distances_.build(lengths.data() + literal_count, distance_count);
}

void Inflater::copy_stored() {
  const size_t here = std::min(stored_, kBuffer - end_);
  if (here > bits_.stream.size() - bits_.at) fail_early();
  std::copy_n(bits_.stream.begin() + static_cast<ptrdiff_t>(bits_.at), here,
              buffer_.begin() + static_cast<ptrdiff_t>(end_));
  bits_.at += here;
  end_ += here;
  stored_ -= here;
  if (stored_ == 0) block_ = Block::kNone;
}

// Until the block ends or the buffer has no room for a match.
void Inflater::decode_symbols() {
  Bits bits = bits_;
  uint8_t* const buffer = buffer_.data();
  size_t end = end_;
  while (end + kLongestMatch <= kBuffer) {
    if (bits.count < 48) bits.refill();  // one turn takes 15 + 5 + 15 + 13 bits at the most
    const uint32_t symbol = literals_.decode(bits);
    if (bits.overrun()) fail_early();
    if (symbol < kEndOfBlock) {
      buffer[end++] = static_cast<uint8_t>(symbol);
      continue;
    }
    if (symbol == kEndOfBlock) {
      block_ = Block::kNone;
      break;
    }
    if (symbol - 257 >= std::size(kLengths)) fail_damaged();
    const Range length_range = kLengths[symbol - 257];
    const size_t length = length_range.base + bits.take(length_range.extra_bits);
    const uint32_t distance_symbol = distances_.decode(bits);
    if (distance_symbol >= std::size(kDistances)) fail_damaged();
    const Range distance_range = kDistances[distance_symbol];
    const size_t distance = distance_range.base + bits.take(distance_range.extra_bits);
    if (bits.overrun()) fail_early();
    if (distance > end) fail_damaged();
    uint8_t* to = buffer + end;
    const uint8_t* from = to - distance;
    end += length;
    if (distance >= 8) {
      for (size_t i = 0; i < length; i += 8) std::memcpy(to + i, from + i, 8);
    } else {
      for (size_t i = 0; i < length; ++i) to[i] = from[i];
    }
  }
  bits_ = bits;
  end_ = end;
}

}  // namespace clip4j::image
