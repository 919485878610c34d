// Compiled for AMX, and AVX-512 with VNNI. Nothing here but intrinsics and functions of this file: an inline
// function shared with other files could be linked from here into code that runs on any CPU.
#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "search/kernels/kernel.h"

namespace clip4j::search {
namespace {

#include "base/amx.inl"
#include "search/kernels/kernel_avx512.inl"

// Two tiles of queries by two of rows have four of sums: the eight that there are, and as many
// multiplications as loads.
struct Isa : Lanes {
  static constexpr int kBlocks = 2;
  static constexpr int kColumns = 32;
};

#include "search/kernels/float64.inl"
#include "search/kernels/kernel_scan.inl"

// A tile is 16 rows of 64 bytes: 16 steps of a block; 16 steps of 16 columns; or a block's sums for 16
// columns.
constexpr int32_t kTileSteps = 16;
constexpr int32_t kTileColumns = 16;
constexpr int64_t kTileBytes = 16 * kLineBytes;
using Sums = int32_t[kTileColumns][kBlockRows];

// Numbers of tiles: those of sums are from 0 on, [queries][block].
constexpr int kQueryTile = 4;
constexpr int kBlockTile = 6;

// Products of the signed bytes of queries and the unsigned ones of a block, four to a sum.
template <int kSums, int kQueries, int kRows>
CLIP4J_ISA void multiply_tiles() {
  asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kQueries), "i"(kRows));
}

// Every tile is full, unless there are less than 16 steps.
void configure(int32_t steps) {
  Tiles tiles;
  const int32_t depth = steps < kTileSteps ? steps : kTileSteps;
  for (int tile = 0; tile < 8; ++tile) {
    tiles.lines[tile] = static_cast<uint8_t>(tile < kBlockTile ? kTileColumns : depth);
    tiles.line_bytes[tile] =
        static_cast<uint16_t>(tile >= kQueryTile && tile < kBlockTile ? depth * kStepValues : kLineBytes);
  }
  configure(tiles);
}

// The first step of a tile, before which `done` are summed up. The last tile is not shorter but overlaps the
// one before it, where its queries are zeros: a smaller tile would take another configuration, which clears
// all sums.
CLIP4J_ISA int32_t first_step(int32_t done, int32_t steps) {
  return done == 0 || done + kTileSteps <= steps ? done : steps - kTileSteps;
}

CLIP4J_ISA int32_t tiles(int32_t columns) { return (columns + kTileColumns - 1) / kTileColumns; }

// [pack][16 steps][column, up to a multiple of 16][step][value]. Columns that fill up a tile hold anything;
// nothing reads their sums.
int64_t packed_bytes(int32_t columns, int32_t steps) {
  return kTileBytes * tiles(columns) * ((steps + kTileSteps - 1) / kTileSteps);
}

void pack(const int8_t* codes, int32_t steps, int32_t column, int32_t width, uint8_t* pack) {
  uint8_t* line = pack + column * kLineBytes;
  for (int32_t done = 0; done < steps; done += kTileSteps, line += tiles(width) * kTileBytes) {
    const int32_t again = done - first_step(done, steps),
                  fresh = steps - done < kTileSteps ? steps - done : kTileSteps;
    __builtin_memset(line, 0, again * kStepValues);
    __builtin_memcpy(line + again * kStepValues, codes + done * kStepValues, fresh * kStepValues);
  }
}

// The sums of a tile of blocks for kTiles tiles of queries. Meanwhile kAhead blocks at `ahead` are fetched.
template <int kAhead, int kTiles>
void sum_up(const Tile& tile, int32_t steps, const uint8_t* const* ahead, const uint8_t* pack,
            Sums (&sums)[2][Isa::kBlocks]) {
  unrolled<kTiles * Isa::kBlocks>([&](auto s) __attribute__((always_inline)) { zero_tile<s>(); });
  for (int32_t done = 0; done < steps; done += kTileSteps, pack += kTiles * kTileBytes) {
    const int64_t offset = static_cast<int64_t>(first_step(done, steps)) * kStepBytes;
    unrolled<Isa::kBlocks>([&](auto b) __attribute__((always_inline)) {
      load_tile<kBlockTile + b>(tile.rows[b] + offset, kLineBytes);
    });
    unrolled<kTiles>([&](auto q) __attribute__((always_inline)) {
      load_tile<kQueryTile + q>(pack + q * kTileBytes, kLineBytes);
      unrolled<Isa::kBlocks>([&](auto b) __attribute__((always_inline)) {
        multiply_tiles<q * Isa::kBlocks + b, kQueryTile + q, kBlockTile + b>();
      });
    });
    for (int32_t a = 0; a < kAhead; ++a) {
      for (int32_t step = 0; step < kTileSteps; ++step)
        __builtin_prefetch(ahead[a] + offset + step * kStepBytes);
    }
  }
  unrolled<kTiles>([&](auto q) __attribute__((always_inline)) {
    unrolled<Isa::kBlocks>([&](auto b) __attribute__((always_inline)) {
      store_tile<q * Isa::kBlocks + b>(sums[q][b], kLineBytes);
    });
  });
}

template <int kAhead>
void scan_columns(const CodeView& codes, const Tile& tile, const uint8_t* const* ahead,
                  const QueryView& queries, int32_t first, int32_t width, const uint8_t* pack, Found& found) {
  alignas(64) Sums sums[2][Isa::kBlocks];
  if (tiles(width) == 2) {
    sum_up<kAhead, 2>(tile, codes.steps, ahead, pack, sums);
  } else {
    sum_up<kAhead, 1>(tile, codes.steps, ahead, pack, sums);
  }
  for (int32_t b = 0; b < Isa::kBlocks; ++b) {
    const auto total = [&](int32_t c) __attribute__((always_inline)) {
      const __m512i products = _mm512_load_si512(sums[c / kTileColumns][b][c % kTileColumns]);
      return Isa::to_floats(_mm512_add_epi32(products, Isa::start(queries.start[first + c])));
    };
    for (int32_t c = 0, query = first / queries.planes; c < width; c += queries.planes, ++query) {
      const Isa::Floats floats = queries.planes == 2 ? Isa::combine(total(c), total(c + 1)) : total(c);
      select(codes, floats, tile.number[b], tile.allowed[b], queries.floors[query], query, found);
    }
  }
}

void scan_with_tiles(const CodeView& codes, const Block* blocks, int32_t block_count,
                     const QueryView& queries, Found& found) {
  configure(codes.steps);
  scan(codes, blocks, block_count, queries, found);
  release_tiles();
}

}  // namespace

// One to three queries wait for memory, or for tiles that are hardly used.
const Kernel amx_kernel = {
    "amx", &avx512vnni_kernel, {Isa::kColumns, packed_bytes, pack}, scan_with_tiles, {dot, centre, quantise}};

}  // namespace clip4j::search

#endif
