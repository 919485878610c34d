#include "base/crc32.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace clip4j {
namespace {

using Bytes = std::span<const uint8_t>;

// tables[n][b]: the checksum of byte b followed by n zero bytes, so that eight bytes go at a time.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables(uint32_t polynomial) {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t zeros = 1; zeros < tables.size(); ++zeros) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[zeros - 1][byte];
      tables[zeros][byte] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables(0xedb88320u);
constexpr Tables kCastagnoliTables = make_tables(0x82f63b78u);

uint32_t by_table(const Tables& tables, Bytes bytes, uint32_t crc) {
  while (bytes.size() >= 8) {
    uint32_t next = 0;
    for (size_t i = 0; i < 4; ++i) {
      next ^= tables[7 - i][bytes[i] ^ (crc >> (8 * i) & 0xff)] ^ tables[3 - i][bytes[4 + i]];
    }
    crc = next;
    bytes = bytes.subspan(8);
  }
  for (const uint8_t byte : bytes) crc = crc >> 8 ^ tables[0][(crc ^ byte) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t by_instruction(Bytes bytes, uint32_t before) {
  uint64_t crc = before;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    crc = _mm_crc32_u64(crc, word);
  }
  for (const uint8_t byte : bytes) crc = _mm_crc32_u8(static_cast<uint32_t>(crc), byte);
  return static_cast<uint32_t>(crc);
}
#endif

}  // namespace

uint32_t crc32(Bytes bytes) { return ~by_table(kTables, bytes, ~uint32_t{0}); }

uint32_t crc32c_by_table(Bytes bytes, uint32_t before) {
  return ~by_table(kCastagnoliTables, bytes, ~before);
}

uint32_t crc32c(Bytes bytes, uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return ~by_instruction(bytes, ~before);
#endif
  return crc32c_by_table(bytes, before);
}

}  // namespace clip4j
