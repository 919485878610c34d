#include "wgmma_emulator.h"

#include <cstdlib>
#include <utility>

namespace clip4j::cuda::test {
namespace {

constexpr int kRows = 64, kValues = 32, kMostTiles = 32;

void require(bool holds) {
  if (!holds) std::abort();
}

// Bits first ... first + 13 are an offset in 16 bytes.
uint32_t offset_at(uint64_t descriptor, int first) {
  return static_cast<uint32_t>(descriptor >> first & 0x3fff) << 4;
}

// B, K-major and not swizzled: core matrices of 8 columns x 16 bytes are contiguous. The leading dimension's
// offset is between two of them along K, the stride dimension's along N.
void read_columns(uint64_t descriptor, int columns, std::span<const uint8_t> shared,
                  Columns (&b)[kValues][kMostTiles]) {
  const uint32_t start = offset_at(descriptor, 0), leading = offset_at(descriptor, 16),
                 stride = offset_at(descriptor, 32);
  constexpr uint64_t kOffsets = 0x3fff | uint64_t{0x3fff} << 16 | uint64_t{0x3fff} << 32;
  require((descriptor & ~kOffsets) == 0);  // no base offset, no swizzling, and nothing where nothing may be
  for (int n = 0; n < columns; ++n) {
    for (int k = 0; k < kValues; ++k) {
      const size_t at = start + static_cast<size_t>(n / 8) * stride + static_cast<size_t>(n % 8) * 16 +
                        static_cast<size_t>(k / 16) * leading + static_cast<size_t>(k % 16);
      require(at < shared.size());
      b[k][n / 8][n % 8] = static_cast<int8_t>(shared[at]);
    }
  }
}

}  // namespace

void Warpgroup::issue() {
  for (const Operands& operands : operands_) {
    require(operands.columns == operands_[0].columns && operands.tiles == operands_[0].tiles &&
            operands.add == operands_[0].add);
  }
  group_.push_back(operands_);
}

void Warpgroup::commit() {
  open_.push_back(std::move(group_));
  group_.clear();
}

void Warpgroup::wait(size_t left, std::span<const uint8_t> shared) {
  while (open_.size() > left) {
    for (const Instruction& instruction : open_.front()) run(instruction, shared);
    open_.erase(open_.begin());
  }
}

void Warpgroup::run(const Instruction& instruction, std::span<const uint8_t> shared) {
  const int tiles = instruction[0].tiles;
  require(tiles <= kMostTiles);
  static thread_local int8_t a[kRows][kValues];
  static thread_local Columns b[kValues][kMostTiles], sums[kRows][kMostTiles];
  read_columns(instruction[0].columns, tiles * 8, shared, b);
  for (int thread = 0; thread < kThreads; ++thread) {
    const int first = thread / 32 * 16 + thread % 32 / 4, in_group = thread % 4;
    for (int i = 0; i < 16; ++i) {
      const int row = first + i / 4 % 2 * 8, value = in_group * 4 + i % 4 + i / 8 * 16;
      a[row][value] = static_cast<int8_t>(instruction[thread].rows->words[i / 4] >> (i % 4 * 8));
    }
  }
  for (int row = 0; row < kRows; ++row) {
    for (int tile = 0; tile < tiles; ++tile) {
      Columns sum{};
      for (int k = 0; k < kValues; ++k) sum += a[row][k] * b[k][tile];
      sums[row][tile] = sum;
    }
  }
  for (int thread = 0; thread < kThreads; ++thread) {
    const int first = thread / 32 * 16 + thread % 32 / 4, in_group = thread % 4;
    const Operands& operands = instruction[thread];
    for (int i = 0; i < tiles * 4; ++i) {
      const int row = first + i / 2 % 2 * 8, column = in_group * 2 + i % 2;
      const auto sum = static_cast<uint32_t>(sums[row][i / 4][column]);
      operands.sums[i] =
          static_cast<int32_t>(operands.add ? static_cast<uint32_t>(operands.sums[i]) + sum : sum);
    }
  }
}

}  // namespace clip4j::cuda::test
