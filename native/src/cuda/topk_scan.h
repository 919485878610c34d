#pragma once

#include "cuda/topk_rows.h"

// The scan, as each thread of a GPU does it. `Machine` is what only a GPU can do, machine.cuh's, or the
// emulation that native/test/cuda_emulator.h makes of it: so the tests run this very code. `Products` is what
// multiplies, Mma or Wgmma.
namespace clip4j::cuda {

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
  scan.found[static_cast<int64_t>(query) * scan.room + at] = {score.lower, score.upper, scan.rows.piece,
                                                              static_cast<int32_t>(number)};
}

template <typename Products, typename Machine>
class Scanner {
 public:
  CLIP4J_KERNEL Scanner(const Scan& scan, Machine& machine)
      : scan_(scan),
        machine_(machine),
        lane_(machine.thread() % kLanes),
        groups_((scan.column_tiles + kTiles - 1) / kTiles),
        first_tile_(machine.block() % groups_ * kTiles),
        products_(machine, machine.shared()) {}

  // Neighbouring thread blocks have other queries and the same rows, which are then read from memory once.
  CLIP4J_KERNEL void run() {
    read_columns();
    Walk<kBlocks> walk(scan_, machine_.thread() / kLanes, machine_.block() / groups_,
                       machine_.blocks() / groups_);
    RowStream<kBlocks, Machine> rows(
        scan_, machine_, walk,
        reinterpret_cast<RowPart*>(machine_.shared() + column_parts(kTiles) * sizeof(QueryPart)));
    rows.start();
    for (; !walk.done(); walk.advance()) scan_blocks(rows, walk.block());
  }

 private:
  static constexpr int32_t kTiles = Products::kTiles, kBlocks = Products::kBlocks;

  struct Row {
    float scale, error, weight;
  };

  CLIP4J_KERNEL int32_t column_parts(int32_t tiles) const { return query_part(tiles, 0, 0, scan_.chunks); }

  CLIP4J_KERNEL void read_columns() {
    const int32_t first = column_parts(first_tile_), last = column_parts(scan_.column_tiles);
    for (int32_t i = machine_.thread(); i < column_parts(kTiles); i += kThreads) {
      products_.write(i, first + i < last ? scan_.columns[first + i] : QueryPart{});
    }
    products_.written();
    machine_.sync();
  }

  CLIP4J_KERNEL void scan_blocks(RowStream<kBlocks, Machine>& stream, int64_t block) {
    Row rows[kBlocks][2];
    CLIP4J_UNROLL
    for (int32_t b = 0; b < kBlocks; ++b) {
      CLIP4J_UNROLL
      for (int32_t half = 0; half < 2; ++half) rows[b][half] = row(row_number(block + b, half));
    }
    typename Products::Sums sums;
    products_.multiply(stream, scan_.chunks, sums);
    const int32_t query = (first_tile_ * kColumns + sum_column(lane_, 0)) / scan_.planes;
    CLIP4J_UNROLL
    for (int32_t t = 0; t < kTiles; ++t) {
      if (scan_.planes == 2) {
        select(query + t * (kColumns / 2), block, rows, [&](int32_t b, int32_t half) {
          return static_cast<float>(sums[b][t][2 * half]) * 256 +
                 static_cast<float>(sums[b][t][2 * half + 1]);
        });
      } else {
        CLIP4J_UNROLL
        for (int32_t c = 0; c < 2; ++c) {
          select(query + t * kColumns + c, block, rows,
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
  CLIP4J_KERNEL void select(int32_t query, int64_t block, const Row (&rows)[kBlocks][2], const Total& total) {
    if (query >= scan_.queries) return;
    const search::Floor floor = scan_.floors[query];
    CLIP4J_UNROLL
    for (int32_t b = 0; b < kBlocks; ++b) {
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
  const int32_t lane_;
  const int32_t groups_;      // of columns, one a thread block
  const int32_t first_tile_;  // of columns, of this thread block
  Products products_;
};

}  // namespace clip4j::cuda
