#pragma once

#include <limits>

#include "cuda/topk_rows.h"

// The scan, as each thread of a GPU does it. `Machine` is what only a GPU can do, machine.cuh's, or the
// emulation that native/test/cuda_emulator.h makes of it: so the tests run this very code. `Products` is what
// multiplies, Mma or Wgmma.
namespace clip4j::cuda {

CLIP4J_KERNEL bool may_be_found(const Scan& scan, int64_t row) {
  return row < scan.rows.count &&
         (scan.allowed == nullptr || (scan.allowed[row / 64] >> (row % 64) & 1) != 0);
}

// A row has passed a query's floor. Out of line: it happens rarely and is asked a hundred times.
template <typename Machine>
CLIP4J_RARE void append(const Scan& scan, Machine& machine, int32_t query, int64_t number, float product,
                        float error) {
  if (!may_be_found(scan, number)) return;
  const int32_t at = machine.add(&scan.best[query].count, 1);
  if (at >= scan.room) return;
  const search::Bound::Interval score =
      scan.bounds[query].score(product, error, scan.weighted ? scan.rows.norm[number] : 1);
  scan.found[static_cast<int64_t>(query) * scan.room + at] = {score.lower, score.upper, scan.rows.piece,
                                                              static_cast<int32_t>(number)};
}

struct Four {
  float x, y, z, w;
};
struct Two {
  float x, y;
};

// Of a row and the one 8 after it, each with up to two queries, those that have passed are kept for the
// gathering kernel, as far as this thread has room. Out of line, so that the code of the many that do not
// pass lies close together. Returns how many the thread keeps.
template <typename Machine>
CLIP4J_RARE int32_t keep(const Scan& scan, Machine& machine, int32_t kept, uint32_t passed, int32_t query,
                         int64_t row, Four products, Two errors) {
  const int64_t threads = static_cast<int64_t>(machine.blocks()) * kThreads,
                me = static_cast<int64_t>(machine.block()) * kThreads + machine.thread();
  CLIP4J_UNROLL
  for (int32_t i = 0; i < 4; ++i) {
    if ((passed >> i & 1) == 0 || query + i / 2 >= scan.queries) continue;
    const int64_t number = row + i % 2 * 8;
    const float product = i == 0   ? products.x
                          : i == 1 ? products.y
                          : i == 2 ? products.z
                                   : products.w,
                error = i % 2 == 0 ? errors.x : errors.y;
    if (kept >= scan.kept_room) {
      append(scan, machine, query + i / 2, number, product, error);
    } else if (may_be_found(scan, number)) {
      scan.passed[kept * threads + me] = {product, error, static_cast<int32_t>(number), query + i / 2};
      ++kept;
    }
  }
  return kept;
}

// After a scan whose threads have kept rows: some thread blocks for each of its.
template <typename Machine>
class Gatherer {
 public:
  CLIP4J_KERNEL Gatherer(const Scan& scan, int32_t keepers, Machine& machine)
      : scan_(scan), keepers_(keepers), machine_(machine) {}

  CLIP4J_KERNEL void run() {
    const int32_t blocks = keepers_ / kThreads, parts = machine_.blocks() / blocks;
    const int32_t keeper = machine_.block() % blocks * kThreads + machine_.thread();
    const int32_t kept = scan_.kept[keeper];
    for (int32_t i = machine_.block() / blocks; i < kept; i += parts) {
      const Passed passed = scan_.passed[static_cast<int64_t>(i) * keepers_ + keeper];
      append(scan_, machine_, passed.query, passed.row, passed.product, passed.error);
    }
  }

 private:
  const Scan& scan_;
  const int32_t keepers_;
  Machine& machine_;
};

template <typename Products, typename Machine>
class Scanner {
 public:
  CLIP4J_KERNEL Scanner(const Scan& scan, Machine& machine)
      : scan_(scan),
        machine_(machine),
        lane_(machine.thread() % kLanes),
        groups_((scan.column_tiles + kTiles - 1) / kTiles),
        first_tile_(machine.block() % groups_ * kTiles),
        products_(machine, machine.shared()),
        ring_(reinterpret_cast<RowPart*>(machine.shared() + column_parts(kTiles) * sizeof(QueryPart))),
        floors_(reinterpret_cast<search::Floor*>(ring_ + kRingParts * kThreads)) {}

  // Neighbouring thread blocks have other queries and the same rows, which are then read from memory once.
  CLIP4J_KERNEL void run() {
    read_columns();
    Walk<kBlocks> walk(scan_, machine_.thread() / kLanes, machine_.block() / groups_,
                       machine_.blocks() / groups_);
    RowStream<kBlocks, Machine> rows(scan_, machine_, walk, ring_);
    rows.start();
    for (; !walk.done(); walk.advance()) scan_blocks(rows, walk.block());
    if constexpr (Products::kKeeps) {
      if (scan_.kept_room > 0) scan_.kept[machine_.block() * kThreads + machine_.thread()] = kept_;
    }
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
    constexpr search::Floor above_all{std::numeric_limits<float>::infinity(), 0, 0};
    const int32_t first_query = first_tile_ * kColumns / scan_.planes;
    for (int32_t i = machine_.thread(); i < kTiles * kColumns; i += kThreads) {
      floors_[i] = first_query + i < scan_.queries ? scan_.floors[first_query + i] : above_all;
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
    // Two planes are for few queries.
    if constexpr (Products::kKeeps) {
      select<1>(block, rows, sums);
    } else if (scan_.planes == 2) {
      select<2>(block, rows, sums);
    } else {
      select<1>(block, rows, sums);
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

  // Of the queries of which a lane has sums of a tile: one load.
  template <int kQueries>
  struct alignas(kQueries * 4) Floors {
    search::Floor of[kQueries];
  };

  // A lane has two sums of a row and a tile: two queries', or the two planes of one. What passes is rare, so
  // there is one branch a tile, and what leads to it is free of side effects and can be done in any order:
  // with a branch a sum, and floors read behind it, selecting took several times as many clocks as
  // multiplying.
  template <int kPlanes>
  CLIP4J_KERNEL void select(int64_t block, const Row (&rows)[kBlocks][2],
                            const typename Products::Sums& sums) {
    constexpr int32_t kQueries = 2 / kPlanes, kTileQueries = kColumns / kPlanes,
                      kSums = kQueries * kBlocks * 2;
    const int32_t mine = sum_column(lane_, 0) / kPlanes, query = first_tile_ * kTileQueries + mine;
    constexpr int32_t kStride = kTileQueries / kQueries;
    const auto* floors = reinterpret_cast<const Floors<kQueries>*>(floors_ + mine);
    // Where there are registers for it; else a tile's floors are waited for, which other warps hide.
    constexpr bool ahead = kTiles == 32;
    Floors<kQueries> next;
    if constexpr (ahead) next = floors[0];
    CLIP4J_UNROLL
    for (int32_t t = 0; t < kTiles; ++t) {
      const Floors<kQueries> now = ahead ? next : floors[t * kStride];
      if (ahead && t + 1 < kTiles) next = floors[(t + 1) * kStride];
      float products[kSums];  // [query][block][row]
      bool some = false;
      CLIP4J_UNROLL
      for (int32_t i = 0; i < kSums; ++i) {
        const int32_t c = i / 2 / kBlocks, b = i / 2 % kBlocks, half = i % 2;
        const int32_t* sum = &sums[b][t][2 * half];
        const float total = kPlanes == 1 ? static_cast<float>(sum[c])
                                         : static_cast<float>(sum[0]) * 256 + static_cast<float>(sum[1]);
        const Row& row = rows[b][half];
        products[i] = total * row.scale;
        some |= search::passes(products[i], row.error, row.weight, now.of[c]);
      }
      if (!some) continue;
      if constexpr (Products::kKeeps) {
        static_assert(kSums == 4);
        uint32_t passed = 0;
        CLIP4J_UNROLL
        for (int32_t i = 0; i < kSums; ++i) {
          const Row& row = rows[0][i % 2];
          if (search::passes(products[i], row.error, row.weight, now.of[i / 2])) passed |= 1U << i;
        }
        kept_ =
            keep(scan_, machine_, kept_, passed, query + t * kTileQueries, row_number(block, 0),
                 {products[0], products[1], products[2], products[3]}, {rows[0][0].error, rows[0][1].error});
      } else {
        CLIP4J_UNROLL
        for (int32_t i = 0; i < kSums; ++i) {
          const int32_t c = i / 2 / kBlocks, b = i / 2 % kBlocks, half = i % 2;
          const Row& row = rows[b][half];
          const int32_t which = query + t * kTileQueries + c;
          if (which < scan_.queries && search::passes(products[i], row.error, row.weight, now.of[c])) {
            append(scan_, machine_, which, row_number(block + b, half), products[i], row.error);
          }
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
  RowPart* const ring_;
  search::Floor* const floors_;
  int32_t kept_ = 0;
};

}  // namespace clip4j::cuda
