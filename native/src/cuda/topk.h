#pragma once

#include <cstdint>

#include "base/host_device.h"
#include "search/bound.h"
#include "search/layout.h"

// What a GPU needs to know for exact top-k: how codes lie in its memory, and the arguments of its
// kernels. Plain data, the same for the library that launches kernels and the one that asks for them.
//
// The products of codes are those of mma.m16n8k32 (PTX ISA, "Matrix fragments for mma.m16n8k32"): in a warp,
// lane l has rows l / 4 and l / 4 + 8 of a block of 16 and column l % 4 of 4 values. Codes lie so that a lane
// reads its part of 16 rows x 32 values as 16 bytes, from memory into the instruction.
namespace clip4j::cuda {

constexpr int32_t kChunkValues = 32;  // of a row that one instruction multiplies
constexpr int32_t kColumns = 8;       // of queries
constexpr int32_t kLanes = 32;
constexpr int32_t kWarps = 8;  // of a thread block
constexpr int32_t kThreads = kWarps * kLanes;
constexpr int32_t kWarpBlocks = 2;  // of rows, neighbours, that are a warp's in a tile
constexpr int32_t kTileRows = kWarps * kWarpBlocks * search::kBlockRows;  // of a thread block
constexpr int32_t kRingParts = 8;  // of rows, that a thread has under way from memory

// What multiplies, and how many tiles of 8 columns it has registers for: mma.sync, which every GPU from
// sm_80 on has, and wgmma.mma_async, which Hopper's have and which is not made for few columns.
enum class Instruction : int32_t { kMma, kWgmma };
constexpr int32_t most_tiles(Instruction instruction) { return instruction == Instruction::kMma ? 16 : 32; }
constexpr int32_t kLeastWgmmaTiles = 16;

// The kernel of a scan: the tiles of columns that a thread block keeps are 1, 2, 4, 8 or 16 for mma, 16 or 32
// for wgmma.
struct ScanKernel {
  Instruction instruction;
  int32_t tiles;
};

// A lane's part of 16 rows x 32 values, and of 32 values x 8 columns.
struct alignas(16) RowPart {
  uint32_t words[4];
};
struct alignas(8) QueryPart {
  uint32_t words[2];
};

CLIP4J_HD inline int32_t chunks(int32_t dimension) { return (dimension + kChunkValues - 1) / kChunkValues; }

// Where a lane's parts lie: codes are [block][chunk][lane], queries [tile of 8 columns][chunk][lane].
CLIP4J_HD inline int64_t row_part(int64_t block, int32_t chunk, int32_t lane, int32_t chunks) {
  return (block * chunks + chunk) * kLanes + lane;
}
CLIP4J_HD inline int32_t query_part(int32_t tile, int32_t chunk, int32_t lane, int32_t chunks) {
  return (tile * chunks + chunk) * kLanes + lane;
}
// Which row of a block, and which 4 values of a chunk, word w of a lane's part holds.
CLIP4J_HD inline int32_t part_row(int32_t lane, int32_t word) { return lane / 4 + word % 2 * 8; }
CLIP4J_HD inline int32_t part_step(int32_t lane, int32_t word) { return lane % 4 + word / 2 * 4; }
// Sum i of a lane belongs to this row of the block and this column of the tile.
CLIP4J_HD inline int32_t sum_row(int32_t lane, int32_t i) { return lane / 4 + i / 2 * 8; }
CLIP4J_HD inline int32_t sum_column(int32_t lane, int32_t i) { return lane % 4 * 2 + i % 2; }

// A row that may be a hit: its score lies between the two, and is known where they are equal.
struct Found {
  double lower, upper;
  int32_t piece, row;
};

// What a search keeps of each query while it runs.
struct Best {
  double threshold;  // scores below it do not matter any more: k rows are better
  int32_t k;
  int32_t count;       // rows found, more than there is room for if `overflowed`
  int32_t overflowed;  // some were not kept since the search began
  int32_t scored;      // rows whose scores have been computed
};

// Rows that lie in the card's memory: search::Codes with signed codes in the layout above, whole tiles of
// them.
struct Rows {
  const RowPart* codes;
  const float* scale;
  const float* error;
  const float* weight;
  const double* norm;
  int32_t count;
  int32_t piece;  // what hits call them by
};

// A row that passed a query's floor.
struct alignas(16) Passed {
  float product, error;
  int32_t row, query;
};
constexpr int64_t kPassed = 1 << 22;       // that all threads of a scan keep together; others are appended
constexpr int32_t kMostKeepers = 1 << 17;  // threads of such a scan
// That a thread may keep, of so many thread blocks; none where the blocks are too many.
constexpr int32_t kept_room(int32_t blocks) {
  return blocks * kThreads > kMostKeepers ? 0 : static_cast<int32_t>(kPassed / (int64_t{blocks} * kThreads));
}

struct Scan {
  Rows rows;
  const uint64_t* allowed;  // bit r % 64 of word r / 64: row r may be found; null: all may
  // Tiles first ... first + tiles - 1 of a walk through all of them, all_tiles, in strides; it is random to
  // the rows' order.
  int32_t first, tiles, all_tiles, stride;
  int32_t chunks;
  const QueryPart* columns;
  int32_t column_tiles;  // of all queries
  const search::Bound* bounds;
  const search::Floor* floors;
  int32_t queries;
  int32_t planes;  // columns of a query
  bool weighted;   // dot products
  Best* best;
  Found* found;  // [queries][room]
  int32_t room;
  // Where threads of wgmma's keep what has passed, without waiting for anybody: [kept_room][threads], and how
  // many each has kept. A gathering kernel appends them.
  Passed* passed;
  int32_t* kept;
  int32_t kept_room;
};

// Raises thresholds by what has been found, drops what they exclude, and makes the floors of the next scan.
struct Raise {
  Best* best;
  Found* found;
  int32_t room;
  int32_t queries;
  const search::Bound* bounds;  // of the next scan
  search::Floor* floors;
};

// Float32 values as the exact scores need them: rows and queries end with zeros in their last step.
struct alignas(16) Eight {
  float values[8];
};
CLIP4J_HD inline int32_t value_steps(int32_t dimension) { return (dimension + 7) / 8; }

// Rows of a piece whose values lie in the card's memory: the first ones.
struct RowValues {
  const Eight* values;  // [count][value_steps]
  const double* norm;
  int32_t count;
};

// Scores what has been found, in float64 as the CPU does, to the bit.
struct Score {
  const RowValues* rows;  // of each piece
  Best* best;
  Found* found;
  int32_t room;
  int32_t queries;
  const Eight* values;  // of the queries, [queries][steps]
  const double* norms;
  int32_t steps;
  bool cosine;
  bool best_alone;  // those alone that are certainly not below the threshold: k, which tell a better one
};
constexpr int32_t kScoreBlocks = 4;  // thread blocks of a query

// Bytes of a thread block's fast memory that a scan takes: some tiles of columns, and rows under way.
CLIP4J_HD inline int64_t shared_bytes(int32_t column_tiles, int32_t chunks) {
  return static_cast<int64_t>(column_tiles) * chunks * kLanes * static_cast<int64_t>(sizeof(QueryPart)) +
         int64_t{kRingParts} * kThreads * static_cast<int64_t>(sizeof(RowPart)) +
         static_cast<int64_t>(column_tiles) * kColumns * static_cast<int64_t>(sizeof(search::Floor));
}

}  // namespace clip4j::cuda
