#pragma once

#include "cuda/topk.h"

// The scan, as each thread of a GPU does it. `Machine` is what only a GPU can do, library.cu's, or the
// emulation that native/test/cuda_emulator.h makes of it: so the tests run this very code.
namespace clip4j::cuda {

// The next chunk of rows that a warp will ask for.
struct Cursor {
  int32_t step;  // of the walk
  int32_t chunk;
  int64_t block;  // the warp's first one there
};

// A row has passed a query's floor. Out of line: it happens rarely and is asked a hundred times.
template <typename Machine>
CLIP4J_RARE void append(const Scan& scan, Machine& machine, int32_t query, int64_t number, float product,
                        float error) {
  if (number >= scan.rows.count) return;
  if (scan.allowed != nullptr && (scan.allowed[number / 64] >> (number % 64) & 1) == 0) return;
  const int32_t at = machine.add(&scan.best[query].count, 1);
  if (at >= scan.room) return;
  const search::Bound::Interval score =
      scan.bounds[query].score(product, error, scan.weighted ? scan.rows.norm[number] : 1);
  scan.found[static_cast<int64_t>(query) * scan.room + at] = {search::round_down(score.lower),
                                                              search::round_up(score.upper), scan.rows.piece,
                                                              static_cast<int32_t>(number)};
}

template <int kTiles, typename Machine>
class Scanner {
 public:
  CLIP4J_KERNEL Scanner(const Scan& scan, Machine& machine)
      : scan_(scan),
        machine_(machine),
        lane_(machine.thread() % kLanes),
        warp_(machine.thread() / kLanes),
        groups_((scan.column_tiles + kTiles - 1) / kTiles),
        first_tile_(machine.block() % groups_ * kTiles),
        stride_(machine.blocks() / groups_),
        columns_(reinterpret_cast<QueryPart*>(machine.shared())),
        ring_(reinterpret_cast<RowPart*>(columns_ + int64_t{kTiles} * scan.chunks * kLanes)) {}

  // Neighbouring thread blocks have other queries and the same rows, which are then read from memory once.
  CLIP4J_KERNEL void run() {
    read_columns();
    const int32_t first = machine_.block() / groups_;
    cursor_ = {first, 0, first_block(first)};
    CLIP4J_UNROLL
    for (int32_t stage = 0; stage + 1 < kStages; ++stage) fetch(stage);
    for (int32_t i = first; i < scan_.tiles; i += stride_) scan_tile(first_block(i));
  }

 private:
  struct Row {
    float scale, error, weight;
  };

  CLIP4J_KERNEL void read_columns() {
    const int32_t parts = kTiles * scan_.chunks * kLanes, first = first_tile_ * scan_.chunks * kLanes,
                  last = scan_.column_tiles * scan_.chunks * kLanes;
    for (int32_t i = machine_.thread(); i < parts; i += kThreads) {
      columns_[i] = first + i < last ? scan_.columns[first + i] : QueryPart{};
    }
    machine_.sync();
  }

  // The first of the warp's blocks in step i of the walk.
  CLIP4J_KERNEL int64_t first_block(int32_t i) const {
    const int64_t tile = (static_cast<int64_t>(scan_.first) + i) * scan_.stride % scan_.all_tiles;
    return (tile * kWarps + warp_) * kWarpBlocks;
  }

  CLIP4J_KERNEL RowPart* slot(int32_t stage, int32_t b) {
    return ring_ + (stage * kWarpBlocks + b) * kThreads + machine_.thread();
  }

  // Asks for the next chunk. A lane reads nothing but what it asked for itself.
  CLIP4J_KERNEL void fetch(int32_t stage) {
    if (cursor_.step < scan_.tiles) {
      CLIP4J_UNROLL
      for (int32_t b = 0; b < kWarpBlocks; ++b) {
        machine_.copy(slot(stage, b),
                      scan_.rows.codes + row_part(cursor_.block + b, cursor_.chunk, lane_, scan_.chunks));
      }
      if (++cursor_.chunk == scan_.chunks) {
        cursor_ = {cursor_.step + stride_, 0, first_block(cursor_.step + stride_)};
      }
    }
    machine_.commit();
  }

  CLIP4J_KERNEL void scan_tile(int64_t block) {
    Row rows[kWarpBlocks][2];
    CLIP4J_UNROLL
    for (int32_t b = 0; b < kWarpBlocks; ++b) {
      CLIP4J_UNROLL
      for (int32_t half = 0; half < 2; ++half) rows[b][half] = row(row_number(block + b, half));
    }
    int32_t sums[kWarpBlocks][kTiles][4] = {};
    for (int32_t chunk = 0; chunk < scan_.chunks; ++chunk) {
      machine_.template wait<kStages - 2>();
      RowPart parts[kWarpBlocks];
      CLIP4J_UNROLL
      for (int32_t b = 0; b < kWarpBlocks; ++b) parts[b] = *slot(stage_, b);
      fetch((stage_ + kStages - 1) % kStages);
      CLIP4J_UNROLL
      for (int32_t t = 0; t < kTiles; ++t) {
        const QueryPart columns = columns_[query_part(t, chunk, lane_, scan_.chunks)];
        CLIP4J_UNROLL
        for (int32_t b = 0; b < kWarpBlocks; ++b) machine_.multiply(parts[b], columns, sums[b][t]);
      }
      stage_ = (stage_ + 1) % kStages;
    }
    CLIP4J_UNROLL
    for (int32_t t = 0; t < kTiles; ++t) {
      const int32_t column = (first_tile_ + t) * kColumns + sum_column(lane_, 0);
      if (scan_.planes == 2) {
        select(column / 2, block, rows, [&](int32_t b, int32_t half) {
          return static_cast<float>(sums[b][t][2 * half]) * 256 +
                 static_cast<float>(sums[b][t][2 * half + 1]);
        });
      } else {
        CLIP4J_UNROLL
        for (int32_t c = 0; c < 2; ++c) {
          select(column + c, block, rows,
                 [&](int32_t b, int32_t half) { return static_cast<float>(sums[b][t][2 * half + c]); });
        }
      }
    }
  }

  CLIP4J_KERNEL int64_t row_number(int64_t block, int32_t half) const {
    return block * search::kBlockRows + sum_row(lane_, 2 * half);
  }

  // Rows fill whole tiles: those after the last are zeros.
  CLIP4J_KERNEL Row row(int64_t number) const {
    return {scan_.rows.scale[number], scan_.rows.error[number],
            scan_.weighted ? scan_.rows.weight[number] : 1};
  }

  // What this lane has of a query: total(block of the warp, half of the block).
  template <typename Total>
  CLIP4J_KERNEL void select(int32_t query, int64_t block, const Row (&rows)[kWarpBlocks][2],
                            const Total& total) {
    if (query >= scan_.queries) return;
    const search::Floor floor = scan_.floors[query];
    CLIP4J_UNROLL
    for (int32_t b = 0; b < kWarpBlocks; ++b) {
      CLIP4J_UNROLL
      for (int32_t half = 0; half < 2; ++half) {
        const Row& row = rows[b][half];
        const float product = total(b, half) * row.scale;
        if (search::passes(product, row.error, row.weight, floor)) {
          append(scan_, machine_, query, row_number(block + b, half), product, row.error);
        }
      }
    }
  }

  const Scan& scan_;
  Machine& machine_;
  const int32_t lane_, warp_;
  const int32_t groups_;      // of columns, one a thread block
  const int32_t first_tile_;  // of columns, of this thread block
  const int32_t stride_;      // thread blocks that share the tiles of rows
  QueryPart* const columns_;
  RowPart* const ring_;
  Cursor cursor_{};
  int32_t stage_ = 0;
};

}  // namespace clip4j::cuda
