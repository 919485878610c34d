// Compiled for AMX, and AVX-512 with VNNI.
#if defined(__x86_64__)

#include <immintrin.h>

#include <utility>

#include "clip/kernels/packed.h"

namespace clip4j {

#include "clip/kernels/packed_avx512.inl"

namespace {

#include "base/amx.inl"
#include "base/unrolled.inl"

using clip4j::packed::kPanel;
using clip4j::packed::kStepBytes;

// Numbers of tiles. Those of sums are from 0 on, [tiles of x][blocks of 16 outputs]; two of x and two of
// weights are the eight that there are, and as many multiplications as loads.
constexpr int kSumTiles = 4, kXTile = 4, kWeightTile = 6;

constexpr int64_t kStepLine = kPanel * kStepBytes;      // from a step of a panel to the next
constexpr int64_t kTileBytes = kTileLines * kStepLine;  // of a panel, as deep as a tile
constexpr int64_t kSumLine = kPanel * sizeof(int32_t);
static_assert(kTileLines == clip4j::packed::kLineSteps);

struct Int8 {
  template <int kSums, int kX, int kWeights>
  [[gnu::always_inline]] static inline void multiply() {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kX), "i"(kWeights));
  }
  [[gnu::always_inline]] static inline __m512 products(__m512i sums, const Weights& weights, int64_t block,
                                                       const Rows& rows, int64_t row) {
    return dequantized(sums, weights, block, rows, row);
  }
};

struct Bf16 {
  template <int kSums, int kX, int kWeights>
  [[gnu::always_inline]] static inline void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kX), "i"(kWeights));
  }
  [[gnu::always_inline]] static inline __m512 products(__m512i sums, const auto&...) {
    return _mm512_castsi512_ps(sums);
  }
};

// The rows of x in tiles, all of the same height, so that one configuration is enough: the last one begins
// earlier and has rows of the one before it once more.
struct Split {
  explicit Split(int64_t rows)
      : rows(rows), tiles((rows + kTileLines - 1) / kTileLines), height((rows + tiles - 1) / tiles) {}

  int64_t begin(int64_t tile) const { return tile + 1 < tiles ? tile * height : rows - height; }
  int64_t end(int64_t tile) const { return tile + 1 < tiles ? (tile + 1) * height : rows; }

  int64_t rows, tiles, height;
};

// kTiles tiles of x by a panel, in kTiles passes over its weights, each of which fetches `fetches` lines at
// `ahead` for every tile's depth.
template <typename Isa, int kTiles>
void multiply_tiles(const Weights& weights, int64_t panel, const uint8_t* ahead, int64_t fetches,
                    const Rows& rows, const Split& split, int64_t first, const Output& output) {
  constexpr int kBlocks = kSumTiles / kTiles;
  alignas(64) int32_t sums[kTiles][kTileLines][kPanel];
  const int64_t depth = weights.steps / kTileLines;
  const uint8_t* x[kTiles];
  for (int t = 0; t < kTiles; ++t) x[t] = rows.values + split.begin(first + t) * rows.bytes;
  for (int pass = 0; pass < kTiles; ++pass) {
    unrolled<kSumTiles>([&](auto s) __attribute__((always_inline)) { zero_tile<s>(); });
    const uint8_t* w = weights.values + panel * depth * kTileBytes + pass * kBlocks * kLineBytes;
    for (int64_t d = 0; d < depth; ++d, w += kTileBytes) {
      unrolled<kTiles>([&](auto t) __attribute__((always_inline)) {
        load_tile<kXTile + t>(x[t] + d * kLineBytes, rows.bytes);
      });
      unrolled<kBlocks>([&](auto b) __attribute__((always_inline)) {
        constexpr int kWeights = kWeightTile + b % 2;
        load_tile<kWeights>(w + b * kLineBytes, kStepLine);
        unrolled<kTiles>([&](auto t) __attribute__((always_inline)) {
          Isa::template multiply<t * kBlocks + b, kXTile + t, kWeights>();
        });
      });
      for (int64_t i = 0; i < fetches; ++i, ahead += kLineBytes) __builtin_prefetch(ahead, 0, 2);
    }
    unrolled<kTiles>([&](auto t) __attribute__((always_inline)) {
      unrolled<kBlocks>([&](auto b) __attribute__((always_inline)) {
        store_tile<t * kBlocks + b>(sums[t][0] + (pass * kBlocks + b) * kTileLines, kSumLine);
      });
    });
  }
  for (int t = 0; t < kTiles; ++t) {
    const int64_t begin = split.begin(first + t);
    // What the tile before has is finished: a row may be added to once only.
    for (int64_t row = (first + t) * split.height; row < split.end(first + t); ++row) {
      float products[kPanel];
      for (int64_t block = 0; block < kPanel / 16; ++block) {
        const __m512i sum = _mm512_load_si512(sums[t][row - begin] + block * 16);
        _mm512_storeu_ps(products + block * 16,
                         Isa::products(sum, weights, panel * kPanel / 16 + block, rows, row));
      }
      finish(products, weights, panel, output, row);
    }
  }
}

// Tiles are configured here and released: threads carry none along.
template <typename Isa>
void multiply(const Weights& weights, int64_t panel, int64_t next, const Rows& rows, const Output& output) {
  const Split split(rows.count);
  Tiles tiles;
  for (int tile = 0; tile < 8; ++tile) {
    tiles.lines[tile] = static_cast<uint8_t>(tile < kWeightTile ? split.height : kTileLines);
    tiles.line_bytes[tile] = kLineBytes;
  }
  configure(tiles);
  // There are as many passes as tiles of x, and together they fetch the next panel.
  const int64_t fetches = (kTileBytes / kLineBytes + split.tiles - 1) / split.tiles;
  const uint8_t* ahead = weights.values + next * weights.steps * kStepLine;
  const auto some = [&](auto count, int64_t first) {
    multiply_tiles<Isa, count>(weights, panel, ahead, fetches, rows, split, first, output);
    ahead += count * fetches * weights.steps / kTileLines * kLineBytes;
  };
  int64_t first = 0;
  for (; first + 2 <= split.tiles; first += 2) some(std::integral_constant<int, 2>(), first);
  if (first < split.tiles) some(std::integral_constant<int, 1>(), first);
  release_tiles();
}

// So few rows wait for their weights, which the VNNI kernel reads once, too, and it has no tiles to
// configure. Its sums are the same; those of bfloat16 would not be, and a row must not depend on how many
// there are.
void multiply_int8(const Weights& weights, int64_t panel, int64_t next, const Rows& rows,
                   const Output& output) {
  constexpr int64_t kFew = 6;
  if (rows.count <= kFew) return packed::avx512vnni_int8.multiply(weights, panel, next, rows, output);
  multiply<Int8>(weights, panel, next, rows, output);
}

}  // namespace

const packed::Kernel packed::amx_int8 = {"amx", packed::Element::kInt8, multiply_int8, encode_int8,
                                         normalize};
const packed::Kernel packed::amx_bf16 = {"amx", packed::Element::kBf16, multiply<Bf16>, encode_bf16,
                                         normalize};

}  // namespace clip4j

#endif
