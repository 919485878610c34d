// The scan of the vector kernels: tiles of some blocks of rows pass over packs of columns, and what passes
// their queries' floors is appended. Included inside a kernel's unnamed namespace, so that no two instruction
// sets share a function, after float64.inl and its `Isa`:
//
//     kBlocks                 of a tile
//     kColumns                of a pack
//     Floats                  16 floats
//     times, passing, store
//
// and before its `scan_columns` and `packed_bytes`.

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

// Appends the rows of a block that pass for a query, whose sums of products are `total`.
[[gnu::always_inline]] inline void select(const CodeView& codes, const Isa::Floats& total, int64_t number,
                                          uint32_t allowed, const Floor& floor, int32_t query, Found& found) {
  const Isa::Floats product = Isa::times(total, codes.scale + number * kBlockRows);
  const uint32_t passed =
      Isa::passing(product, codes.error + number * kBlockRows,
                   codes.weight == nullptr ? nullptr : codes.weight + number * kBlockRows, floor) &
      allowed;
  if (__builtin_expect(passed != 0, 0)) append(product, passed, number, query, found);
}

// Scans a tile for a pack of `width` columns from `first` on. Meanwhile kAhead blocks at `ahead` are fetched.
template <int kAhead>
void scan_columns(const CodeView& codes, const Tile& tile, const uint8_t* const* ahead,
                  const QueryView& queries, int32_t first, int32_t width, const uint8_t* pack, Found& found);
int64_t packed_bytes(int32_t columns, int32_t steps);

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
      if (codes.place == Place::kCache) {
        scan_columns<0>(codes, tile, nullptr, queries, first, width, pack, found);
      } else if (columns <= Isa::kBlocks * Isa::kColumns && turn == 0) {
        scan_columns<Isa::kBlocks>(codes, tile, tile.ahead, queries, first, width, pack, found);
      } else if (columns > Isa::kBlocks * Isa::kColumns && turn < Isa::kBlocks) {
        scan_columns<1>(codes, tile, tile.ahead + turn, queries, first, width, pack, found);
      } else {
        scan_columns<0>(codes, tile, nullptr, queries, first, width, pack, found);
      }
      pack += packed_bytes(width, codes.steps);
    }
  }
}
