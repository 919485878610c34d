#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/error.h"

namespace clip4j::image {

using Bytes = std::span<const uint8_t>;

// Reads integers out of bytes that may be hostile: an access beyond the end throws Error(CLIP4J_CORRUPT).
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes, bool little_endian = false)
      : bytes_(bytes), little_endian_(little_endian) {}

  uint32_t u8(size_t at) const { return take(at, 1)[0]; }
  uint32_t u16(size_t at) const {
    const Bytes b = take(at, 2);
    return little_endian_ ? b[0] | uint32_t{b[1]} << 8 : uint32_t{b[0]} << 8 | b[1];
  }
  uint32_t u24(size_t at) const {
    return little_endian_ ? u16(at) | u8(at + 2) << 16 : u16(at) << 8 | u8(at + 2);
  }
  uint32_t u32(size_t at) const {
    return little_endian_ ? u16(at) | u16(at + 2) << 16 : u16(at) << 16 | u16(at + 2);
  }
  int32_t i32(size_t at) const { return static_cast<int32_t>(u32(at)); }
  Bytes take(size_t at, size_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at) fail(CLIP4J_CORRUPT, "the file ends too early");
    return bytes_.subspan(at, count);
  }
  bool has(size_t at, std::string_view text) const {
    return at <= bytes_.size() && text.size() <= bytes_.size() - at &&
           std::memcmp(bytes_.data() + at, text.data(), text.size()) == 0;
  }
  size_t size() const { return bytes_.size(); }

 private:
  Bytes bytes_;
  bool little_endian_;
};

}  // namespace clip4j::image
