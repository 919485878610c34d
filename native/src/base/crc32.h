#pragma once

#include <cstdint>
#include <span>

namespace clip4j {

// The checksum of PNG and zlib (reflected polynomial 0xedb88320).
uint32_t crc32(std::span<const uint8_t> bytes);

// Castagnoli's checksum (reflected polynomial 0x82f63b78), by the CPU's instruction where it has one. With
// the checksum of what goes before it, that of both together.
uint32_t crc32c(std::span<const uint8_t> bytes, uint32_t before = 0);

// The same without the instruction.
uint32_t crc32c_by_table(std::span<const uint8_t> bytes, uint32_t before = 0);

}  // namespace clip4j
