#include "search/gpu/layout.h"

#include <cstring>

#include "search/parallel.h"

namespace clip4j::search {
namespace {

constexpr int32_t kChunkSteps = cuda::kChunkValues / kStepValues;
constexpr int64_t kPieceBlocks = 256;

int64_t packed_bytes(int32_t columns, int32_t steps) {
  return divide_up(columns, cuda::kColumns) * divide_up(steps, kChunkSteps) * cuda::kLanes *
         static_cast<int64_t>(sizeof(cuda::QueryPart));
}

// Each word of a lane's part is the row's 4 values that the row's words are multiplied by.
void pack(const int8_t* codes, int32_t steps, int32_t column, int32_t /*width*/, uint8_t* pack) {
  const auto chunks = static_cast<int32_t>(divide_up(steps, kChunkSteps));
  for (int32_t step = 0; step < steps; ++step) {
    const int32_t in_chunk = step % kChunkSteps, lane = column * 4 + in_chunk % 4;
    uint8_t* part = pack + cuda::query_part(0, step / kChunkSteps, lane, chunks) * sizeof(cuda::QueryPart);
    std::memcpy(part + in_chunk / 4 * kStepValues, codes + step * kStepValues, kStepValues);
  }
}

void pack_block(const Codes& codes, int64_t block, cuda::RowPart* to) {
  const int32_t chunks = cuda::chunks(codes.dimension);
  const uint8_t* from = codes.values.data() + block * codes.block_bytes();
  for (int32_t chunk = 0; chunk < chunks; ++chunk) {
    for (int32_t lane = 0; lane < cuda::kLanes; ++lane, ++to) {
      for (int32_t word = 0; word < 4; ++word) {
        const int64_t step = static_cast<int64_t>(chunk) * kChunkSteps + cuda::part_step(lane, word);
        if (step >= codes.steps()) {
          to->words[word] = 0;
          continue;
        }
        std::memcpy(&to->words[word], from + step * kStepBytes + cuda::part_row(lane, word) * kStepValues,
                    kStepValues);
        to->words[word] ^= 0x80808080;  // 128 was added
      }
    }
  }
}

}  // namespace

const Packing gpu_packing = {cuda::kColumns, packed_bytes, pack};

void pack_rows(const Codes& codes, int64_t first, int64_t count, cuda::RowPart* to) {
  const int64_t parts = cuda::row_part(1, 0, 0, cuda::chunks(codes.dimension));
  parallel(divide_up(count, kPieceBlocks), [&](int64_t piece) {
    for (int64_t i = piece * kPieceBlocks; i < std::min(count, (piece + 1) * kPieceBlocks); ++i) {
      if (first + i < codes.blocks()) {
        pack_block(codes, first + i, to + i * parts);
      } else {
        std::memset(to + i * parts, 0, static_cast<size_t>(parts) * sizeof(*to));
      }
    }
  });
}

}  // namespace clip4j::search
