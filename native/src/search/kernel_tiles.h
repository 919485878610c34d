// Tiles of some blocks of rows by some columns of queries, whose sums stay in registers. Included like
// kernel_scan.h, which wants of an `Isa` beside this:
//
//     kPackedBytes            of a step of a column
//     Sums, Rows, Query       16 int32 sums, a step of a block, a step of a column
//     start, rows, query, multiply_add, to_floats, combine

#include "search/kernel_scan.h"

// A tile of `kWidth` columns, for queries that have kPlanes each. Meanwhile kAhead blocks at `ahead` are
// fetched, into the second cache: the first holds few lines that are on their way, and one query of codes in
// memory takes 13.9 ms instead of 10.5 where memory could be faster.
template <int kAhead, int kWidth, int kPlanes>
void scan_tile(const CodeView& codes, const Tile& tile, const uint8_t* const* ahead, const QueryView& queries,
               int32_t first_query, const uint8_t* pack, Found& found) {
  Isa::Sums sums[Isa::kBlocks][kWidth];
  unrolled<kWidth>([&](auto c) __attribute__((always_inline)) {
    unrolled<Isa::kBlocks>([&](auto b) __attribute__((always_inline)) {
      sums[b][c] = Isa::start(queries.start[first_query * kPlanes + c]);
    });
  });
  const uint8_t* at[Isa::kBlocks];
  unrolled<Isa::kBlocks>([&](auto b) __attribute__((always_inline)) { at[b] = tile.rows[b]; });
  const uint8_t* next[kAhead + 1];
  unrolled<kAhead>([&](auto b) __attribute__((always_inline)) { next[b] = ahead[b]; });
  const int64_t bytes = static_cast<int64_t>(codes.steps) * kStepBytes;
  for (int64_t offset = 0; offset < bytes; offset += kStepBytes, pack += kWidth * Isa::kPackedBytes) {
    Isa::Rows rows[Isa::kBlocks];
    unrolled<Isa::kBlocks>([&](auto b)
                               __attribute__((always_inline)) { rows[b] = Isa::rows(at[b] + offset); });
    unrolled<kAhead>([&](auto b)
                         __attribute__((always_inline)) { __builtin_prefetch(next[b] + offset, 0, 2); });
    unrolled<kWidth>([&](auto c) __attribute__((always_inline)) {
      const Isa::Query query = Isa::query(pack + c * Isa::kPackedBytes);
      unrolled<Isa::kBlocks>([&](auto b) __attribute__((always_inline)) {
        sums[b][c] = Isa::multiply_add(sums[b][c], rows[b], query);
      });
    });
  }
  unrolled<Isa::kBlocks>([&](auto b) __attribute__((always_inline)) {
    const int64_t number = tile.number[b];
    unrolled<kWidth / kPlanes>([&](auto q) __attribute__((always_inline)) {
      Isa::Floats total = Isa::to_floats(sums[b][q * kPlanes]);
      if constexpr (kPlanes == 2) total = Isa::combine(total, Isa::to_floats(sums[b][q * kPlanes + 1]));
      select(codes, total, number, tile.allowed[b], queries.floors[first_query + q], first_query + q, found);
    });
  });
}

template <int kAhead>
void scan_columns(const CodeView& codes, const Tile& tile, const uint8_t* const* ahead,
                  const QueryView& queries, int32_t first, int32_t width, const uint8_t* pack, Found& found) {
  const auto scan = [&](auto function) {
    function(codes, tile, ahead, queries, first / queries.planes, pack, found);
  };
  if (queries.planes == 2) {
    if (width == 2) return scan(scan_tile<kAhead, 2, 2>);
    if constexpr (Isa::kColumns >= 6) {
      if (width == 6) return scan(scan_tile<kAhead, 6, 2>);
    }
    return scan(scan_tile<kAhead, 4, 2>);
  }
  if constexpr (Isa::kColumns >= 6) {
    if (width == 6) return scan(scan_tile<kAhead, 6, 1>);
    if (width == 5) return scan(scan_tile<kAhead, 5, 1>);
  }
  if (width == 4) return scan(scan_tile<kAhead, 4, 1>);
  if (width == 3) return scan(scan_tile<kAhead, 3, 1>);
  if (width == 2) return scan(scan_tile<kAhead, 2, 1>);
  return scan(scan_tile<kAhead, 1, 1>);
}

// [pack][step][column]
int64_t packed_bytes(int32_t columns, int32_t steps) {
  return static_cast<int64_t>(columns) * steps * Isa::kPackedBytes;
}
