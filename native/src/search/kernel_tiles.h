// The scan of the vector kernels: tiles of some blocks of rows by some columns of queries, whose sums stay in
// registers. Included inside a kernel's unnamed namespace, so that no two instruction sets share a function,
// after its `Isa`:
//
//     kBlocks, kColumns           of a tile
//     kPackedBytes                of a step of a column
//     Sums, Rows, Query, Floats   16 int32 sums, a step of a block, a step of a column, 16 floats
//     start, rows, query, multiply_add, to_floats, combine, times, passing, store

struct Tile {
  int64_t number[Isa::kBlocks];
  uint32_t allowed[Isa::kBlocks];
  const uint8_t* rows[Isa::kBlocks];
  const uint8_t* ahead[Isa::kBlocks];  // the next tile's rows
};

[[gnu::always_inline]] inline void append(const Isa::Floats& product, uint32_t passed, int64_t number,
                                          int32_t query, Found& found) {
  float products[kBlockRows];
  Isa::store(product, products);
  found.runs[found.run_count++] = {query, __builtin_popcount(passed)};
  for (; passed != 0; passed &= passed - 1) {
    const int r = __builtin_ctz(passed);
    found.rows[found.row_count] = static_cast<int32_t>(number * kBlockRows + r);
    found.products[found.row_count++] = products[r];
  }
}

// f(0), ..., f(kCount - 1) with constants: GCC keeps arrays in registers that no loop, unrolled or not, goes
// through.
template <typename F, int... kIndex>
[[gnu::always_inline]] inline void unrolled(const F& f, std::integer_sequence<int, kIndex...>) {
  (f(std::integral_constant<int, kIndex>()), ...);
}
template <int kCount, typename F>
[[gnu::always_inline]] inline void unrolled(const F& f) {
  unrolled(f, std::make_integer_sequence<int, kCount>());
}

// A tile of `kWidth` columns, for queries that have kPlanes each. Meanwhile kAhead blocks at `ahead` are
// fetched.
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
    unrolled<kAhead>([&](auto b) __attribute__((always_inline)) { __builtin_prefetch(next[b] + offset); });
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
      const Isa::Floats product = Isa::times(total, codes.scale + number * kBlockRows);
      const uint32_t passed =
          Isa::passing(product, codes.error + number * kBlockRows,
                       codes.weight + number * codes.weight_stride, queries.floors[first_query + q]) &
          tile.allowed[b];
      if (__builtin_expect(passed != 0, 0)) append(product, passed, number, first_query + q, found);
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

void scan(const CodeView& codes, const Block* blocks, int32_t block_count, const QueryView& queries,
          Found& found) {
  found.row_count = found.run_count = 0;
  const int32_t columns = queries.count * queries.planes;
  for (int32_t i = 0; i < block_count; i += Isa::kBlocks) {
    Tile tile;
    for (int32_t b = 0; b < Isa::kBlocks; ++b) {
      // A tile that is not full repeats the last block, where nothing may be found.
      const Block& block = blocks[i + b < block_count ? i + b : block_count - 1];
      tile.number[b] = block.number;
      tile.allowed[b] = i + b < block_count ? block.allowed : 0;
      tile.rows[b] = codes.values + block.number * codes.block_bytes;
      const int32_t next = i + b + Isa::kBlocks;
      // After the last block, those that follow: the next call's, most often. Fetching what is not there does
      // no harm.
      tile.ahead[b] =
          codes.values +
          (next < block_count ? blocks[next].number : block.number + Isa::kBlocks) * codes.block_bytes;
    }
    const uint8_t* pack = queries.packed;
    for (int32_t first = 0; first < columns; first += Isa::kColumns) {
      const int32_t width = columns - first < Isa::kColumns ? columns - first : Isa::kColumns;
      // One pack after another fetches a block, or the only ones all of them.
      const int32_t turn = first / Isa::kColumns;
      if (!codes.far) {
        scan_columns<0>(codes, tile, nullptr, queries, first, width, pack, found);
      } else if (columns <= Isa::kBlocks * Isa::kColumns && turn == 0) {
        scan_columns<Isa::kBlocks>(codes, tile, tile.ahead, queries, first, width, pack, found);
      } else if (columns > Isa::kBlocks * Isa::kColumns && turn < Isa::kBlocks) {
        scan_columns<1>(codes, tile, tile.ahead + turn, queries, first, width, pack, found);
      } else {
        scan_columns<0>(codes, tile, nullptr, queries, first, width, pack, found);
      }
      pack += static_cast<int64_t>(width) * codes.steps * Isa::kPackedBytes;
    }
  }
}
