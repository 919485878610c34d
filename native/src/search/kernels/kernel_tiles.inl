// Tiles of some blocks of rows by some columns of queries, whose sums stay in registers. Included like
// kernel_scan.inl, which wants of an `Isa` beside this:
//
//     kPackedBytes            of a step of a column
//     Sums, Rows, Query       16 int32 sums, a step of a block, a step of a column
//     start, rows, query, multiply_add, add, to_floats, combine

#include "search/kernels/kernel_scan.inl"

// Appends the rows of a block that pass for the queries of `kWidth` columns, which have kPlanes each.
template <int kWidth, int kPlanes>
[[gnu::always_inline]] inline void select_columns(const CodeView& codes, const Isa::Sums (&sums)[kWidth],
                                                  int64_t number, uint32_t allowed, const QueryView& queries,
                                                  int32_t first_query, Found& found) {
  unrolled<kWidth / kPlanes>([&](auto q) __attribute__((always_inline)) {
    Isa::Floats total = Isa::to_floats(sums[q * kPlanes]);
    if constexpr (kPlanes == 2) total = Isa::combine(total, Isa::to_floats(sums[q * kPlanes + 1]));
    select(codes, total, number, allowed, queries.floors[first_query + q], first_query + q, found);
  });
}

// A tile of `kWidth` columns, for queries that have kPlanes each. Meanwhile kAhead blocks at `ahead` are
// fetched, into the second cache: the first holds few lines that are on their way.
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
    select_columns<kWidth, kPlanes>(codes, sums[b], tile.number[b], tile.allowed[b], queries, first_query,
                                    found);
  });
}

// One block after another, for so few queries that they wait for memory: where the CPU sees one stream, it
// fetches faster by itself (a query of a million rows takes 9.3 ms) than tiles do (10.8 ms). The few
// blocks between those that are wanted are read too: a stream without them would be none.
template <int kWidth, int kPlanes>
void scan_in_turn(const CodeView& codes, const Block* blocks, int32_t block_count, const QueryView& queries,
                  Found& found) {
  // Two columns have so few sums that each multiplication would wait for the one before: even steps and odd
  // ones have sums of their own.
  constexpr int kTurns = kWidth <= 2 ? 2 : 1;
  const Block* wanted = blocks;
  for (int64_t number = blocks[0].number; number <= blocks[block_count - 1].number; ++number) {
    const uint32_t allowed = wanted->number == number ? (wanted++)->allowed : 0;
    const uint8_t* rows = codes.values + number * codes.block_bytes;
    const uint8_t* pack = queries.packed;
    Isa::Sums sums[kTurns][kWidth];
    unrolled<kWidth>([&](auto c) __attribute__((always_inline)) {
      sums[0][c] = Isa::start(queries.start[c]);
      if constexpr (kTurns == 2) sums[1][c] = Isa::start(0);
    });
    const auto multiply_step = [&](auto turn) __attribute__((always_inline)) {
      const Isa::Rows values = Isa::rows(rows);
      unrolled<kWidth>([&](auto c) __attribute__((always_inline)) {
        sums[turn][c] = Isa::multiply_add(sums[turn][c], values, Isa::query(pack + c * Isa::kPackedBytes));
      });
      rows += kStepBytes;
      pack += kWidth * Isa::kPackedBytes;
    };
    int32_t step = 0;
    for (; step + kTurns <= codes.steps; step += kTurns) unrolled<kTurns>(multiply_step);
    if (step < codes.steps) multiply_step(std::integral_constant<int, 0>());
    if constexpr (kTurns == 2) {
      unrolled<kWidth>([&](auto c)
                           __attribute__((always_inline)) { sums[0][c] = Isa::add(sums[0][c], sums[1][c]); });
    }
    select_columns<kWidth, kPlanes>(codes, sums[0], number, allowed, queries, 0, found);
  }
}

// Calls scan(width, planes) with constants.
template <typename Scan>
[[gnu::always_inline]] inline void for_shape(int32_t width, int32_t planes, const Scan& scan) {
  const auto constants = [&]<int kWidth, int kPlanes>() {
    scan(std::integral_constant<int, kWidth>(), std::integral_constant<int, kPlanes>());
  };
  if (planes == 2) {
    if (width == 2) return constants.template operator()<2, 2>();
    if constexpr (Isa::kColumns >= 6) {
      if (width == 6) return constants.template operator()<6, 2>();
    }
    return constants.template operator()<4, 2>();
  }
  if constexpr (Isa::kColumns >= 6) {
    if (width == 6) return constants.template operator()<6, 1>();
    if (width == 5) return constants.template operator()<5, 1>();
  }
  if (width == 4) return constants.template operator()<4, 1>();
  if (width == 3) return constants.template operator()<3, 1>();
  if (width == 2) return constants.template operator()<2, 1>();
  return constants.template operator()<1, 1>();
}

template <int kAhead>
void scan_columns(const CodeView& codes, const Tile& tile, const uint8_t* const* ahead,
                  const QueryView& queries, int32_t first, int32_t width, const uint8_t* pack, Found& found) {
  for_shape(width, queries.planes, [&](auto columns, auto planes) {
    scan_tile<kAhead, columns, planes>(codes, tile, ahead, queries, first / queries.planes, pack, found);
  });
}

// Whether blocks are nearly all of those from the first to the last.
inline bool dense(const Block* blocks, int32_t block_count) {
  return block_count > 0 &&
         16 * int64_t{block_count} > 15 * int64_t{blocks[block_count - 1].number - blocks[0].number};
}

// What a kernel does.
void scan_all(const CodeView& codes, const Block* blocks, int32_t block_count, const QueryView& queries,
              Found& found) {
  const int32_t width = queries.count * queries.planes;
  if (codes.place != Place::kMemory || width > Isa::kColumns || !dense(blocks, block_count)) {
    return scan(codes, blocks, block_count, queries, found);
  }
  found.row_count = found.run_count = 0;
  for_shape(width, queries.planes, [&](auto columns, auto planes) {
    scan_in_turn<columns, planes>(codes, blocks, block_count, queries, found);
  });
}

// Writes a column: bytes as they are, or int16 of values 0 and 2, 1 and 3, as `Isa::query` reads them.
void pack(const int8_t* codes, int32_t steps, int32_t column, int32_t width, uint8_t* pack) {
  for (int64_t step = 0; step < steps; ++step, codes += kStepValues) {
    uint8_t* to = pack + (step * width + column) * Isa::kPackedBytes;
    if constexpr (Isa::kPackedBytes == kStepValues) {
      __builtin_memcpy(to, codes, kStepValues);
    } else {
      const int16_t words[] = {codes[0], codes[2], codes[1], codes[3]};
      __builtin_memcpy(to, words, sizeof(words));
    }
  }
}

// [pack][step][column]
int64_t packed_bytes(int32_t columns, int32_t steps) {
  return static_cast<int64_t>(columns) * steps * Isa::kPackedBytes;
}
