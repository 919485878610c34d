// The multiplication of packed kernels whose CPU has a product of its own for them: tiles of some rows by
// some outputs of a panel, whose sums stay in registers. Included after packed_rows.inl and an `Isa`:
//
//     kTileRows, kTileBlocks      of a tile; a block is kLanes outputs
//     Step, Sums                  a step of a block, and its sums
//     load(w)                     a step of a block
//     spread(values)              a step of a row, in every lane
//     multiply_add(sums, x, w)    adds products of a row's step, in every lane, and a step of a block
//     products(...)               the sums as float32 products

namespace {

#include "base/unrolled.inl"

// Fetches a line at `ahead` for each step.
template <int kRows>
void multiply_tile(const Weights& weights, int64_t panel, const uint8_t* ahead, const Rows& rows,
                   int64_t first, const Output& output) {
  using clip4j::packed::kPanel;
  using clip4j::packed::kStepBytes;
  constexpr int64_t kBlockBytes = kLanes * kStepBytes, kPanelBlocks = kPanel / kLanes;
  const int64_t bytes = weights.steps * kStepBytes;
  float products[kRows][kPanel];
  for (int64_t block = 0; block < kPanelBlocks; block += Isa::kTileBlocks) {
    typename Isa::Sums sums[kRows][Isa::kTileBlocks];
    const uint8_t* x[kRows];
    unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
      unrolled<Isa::kTileBlocks>([&](auto b)
                                     __attribute__((always_inline)) { sums[r][b] = typename Isa::Sums{}; });
      x[r] = rows.values + (first + r) * rows.bytes;
    });
    const uint8_t* w = weights.values + panel * bytes * kPanel + block * kBlockBytes;
    for (int64_t offset = 0; offset < bytes; offset += kStepBytes, w += kPanel * kStepBytes, ahead += 64) {
      __builtin_prefetch(ahead, 0, 2);
      typename Isa::Step step[Isa::kTileBlocks];
      unrolled<Isa::kTileBlocks>([&](auto b) __attribute__((always_inline)) {
        step[b] = Isa::load(w + b * kBlockBytes);
      });
      unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
        int32_t values;
        __builtin_memcpy(&values, x[r] + offset, sizeof(values));
        const typename Isa::Step row = Isa::spread(values);
        unrolled<Isa::kTileBlocks>([&](auto b) __attribute__((always_inline)) {
          Isa::multiply_add(sums[r][b], row, step[b]);
        });
      });
    }
    unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
      unrolled<Isa::kTileBlocks>([&](auto b) __attribute__((always_inline)) {
        store(Isa::products(sums[r][b], weights, panel * kPanelBlocks + block + b, rows, first + r),
              products[r] + (block + b) * kLanes);
      });
    });
  }
  for (int r = 0; r < kRows; ++r) finish(products[r], weights, panel, output, first + r);
}

void multiply(const Weights& weights, int64_t panel, int64_t next, const Rows& rows, const Output& output) {
  // The first tiles fetch the next panel, a line a step. What is behind the last panel is fetched without
  // harm.
  const int64_t lines = weights.steps * (clip4j::packed::kPanel / kLanes / Isa::kTileBlocks);
  const uint8_t* ahead =
      weights.values + next * weights.steps * clip4j::packed::kPanel * clip4j::packed::kStepBytes;
  const auto tile = [&](auto count, int64_t first) {
    multiply_tile<count>(weights, panel, ahead, rows, first, output);
    ahead += lines * 64;
  };
  int64_t first = 0;
  for (; first + Isa::kTileRows <= rows.count; first += Isa::kTileRows)
    tile(std::integral_constant<int, Isa::kTileRows>(), first);
  const auto last = [&]<int... kRows>(std::integer_sequence<int, kRows...>) {
    ((rows.count - first == kRows + 1 ? tile(std::integral_constant<int, kRows + 1>(), first) : void()), ...);
  };
  last(std::make_integer_sequence<int, Isa::kTileRows - 1>());
}

}  // namespace
