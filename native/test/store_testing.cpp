#include "store_testing.h"

#include <cstdio>
#include <cstring>

#include "base/crc32.h"
#include "store/safetensors.h"

namespace clip4j::store::test {

void correct_header(std::string& file) {
  uint64_t length;
  std::memcpy(&length, file.data(), sizeof(length));
  const size_t at = file.find("\"crc32c\":\"") + 10;
  file.replace(at, 8, "00000000");
  char digits[9];
  std::snprintf(digits, sizeof(digits), "%08x",
                crc32c(bytes_of(std::span<const char>(file)).first(sizeof(length) + length)));
  file.replace(at, 8, digits);
}

}  // namespace clip4j::store::test
