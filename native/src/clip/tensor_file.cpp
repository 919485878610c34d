#include "clip/tensor_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/exit_gate.h"

namespace clip4j {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr size_t kChunk = size_t{1} << 20;  // values

class File {
 public:
  explicit File(const std::string& path) : path_(path), descriptor_(open(path.c_str(), kOpenToRead)) {
    struct stat status;
    if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) fail_reading();
    if (!S_ISREG(status.st_mode)) fail(CLIP4J_UNREADABLE, path, " is not a regular file");
  }

  void read(void* to, size_t bytes, int64_t offset, const std::string& name) const {
    const int64_t count = pread_fully(descriptor_, {static_cast<uint8_t*>(to), bytes}, offset);
    if (count < 0) fail_reading();
    if (static_cast<size_t>(count) < bytes) fail(CLIP4J_CORRUPT, path_, " ends before tensor ", name);
  }

 private:
  [[noreturn]] void fail_reading() const {
    fail(status_of_read_error(errno), path_, ": ", std::strerror(errno));
  }

  const std::string& path_;
  const Descriptor descriptor_;
};

// The exponent of 2^-15 rebased from half's bias to float's; subnormal halves come out right too.
float from_half(uint16_t half) {
  const float magnitude = std::bit_cast<float>(static_cast<uint32_t>(half & 0x7FFF) << 13) * 0x1p112f;
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

float from_bfloat16(uint16_t value) { return std::bit_cast<float>(static_cast<uint32_t>(value) << 16); }

// Converts, and says whether all of `from` is finite: whether no exponent has all bits of `mask` set.
template <float (*convert)(uint16_t)>
bool convert_finite(std::span<const uint16_t> from, uint16_t mask, float* to) {
  bool finite = true;
  for (size_t i = 0; i < from.size(); ++i) {
    finite &= (from[i] & mask) != mask;
    to[i] = convert(from[i]);
  }
  return finite;
}

bool all_finite(std::span<const float> values) {
  bool finite = true;
  for (const float value : values) finite &= (std::bit_cast<uint32_t>(value) & 0x7F800000) != 0x7F800000;
  return finite;
}

}  // namespace

void read_tensor(const std::string& path, int64_t offset, clip4j_dtype dtype, std::span<float> to,
                 const std::string& name) {
  const size_t width = dtype == CLIP4J_F32 ? 4 : 2;
  if (offset < 0 ||
      to.size() > (std::numeric_limits<int64_t>::max() - static_cast<uint64_t>(offset)) / width) {
    fail(CLIP4J_INVALID_ARGUMENT, "tensor ", name, " lies at offset ", offset);
  }
  const File file(path);
  const auto halves =
      std::make_unique_for_overwrite<uint16_t[]>(dtype == CLIP4J_F32 ? 0 : std::min(to.size(), kChunk));
  while (!to.empty()) {
    exit_gate::check_running();
    const std::span<float> chunk = to.first(std::min(to.size(), kChunk));
    bool finite;
    if (dtype == CLIP4J_F32) {
      file.read(chunk.data(), chunk.size_bytes(), offset, name);
      finite = all_finite(chunk);
    } else {
      const std::span<const uint16_t> values(halves.get(), chunk.size());
      file.read(halves.get(), values.size_bytes(), offset, name);
      finite = dtype == CLIP4J_F16 ? convert_finite<from_half>(values, 0x7C00, chunk.data())
                                   : convert_finite<from_bfloat16>(values, 0x7F80, chunk.data());
    }
    if (!finite) fail(CLIP4J_CORRUPT, path, ": tensor ", name, " has values that are not finite");
    offset += static_cast<int64_t>(chunk.size() * width);
    to = to.subspan(chunk.size());
  }
}

}  // namespace clip4j
