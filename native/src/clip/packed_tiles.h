// The multiplication of the AVX-512 packed kernels: tiles of some rows by a panel, whose sums stay in
// registers. Included after packed_avx512.h and an `Isa`:
//
//     Sums                        16 sums
//     multiply_add(sums, x, w)    adds products of a row's step, in every lane, and a step of 16 outputs
//     products(...)               the sums as float32 products

namespace {

constexpr int kTileRows = 6;  // 24 sums, 4 steps of weights and a row's fill the 32 registers
constexpr int kBlocks = 4;    // of 16 outputs: a panel

// Fetches a line at `ahead` for each step.
template <int kRows>
void multiply_tile(const Weights& weights, int64_t panel, const uint8_t* ahead, const Rows& rows,
                   int64_t first, const Output& output) {
  Isa::Sums sums[kRows][kBlocks];
  const uint8_t* x[kRows];
  unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
    unrolled<kBlocks>([&](auto b) __attribute__((always_inline)) { sums[r][b] = Isa::Sums{}; });
    x[r] = rows.values + (first + r) * rows.bytes;
  });
  const int64_t bytes = weights.steps * clip4j::packed::kStepBytes;
  const uint8_t* w = weights.values + panel * bytes * clip4j::packed::kPanel;
  for (int64_t offset = 0; offset < bytes;
       offset += clip4j::packed::kStepBytes, w += kBlocks * 64, ahead += 64) {
    __builtin_prefetch(ahead, 0, 2);
    __m512i step[kBlocks];
    unrolled<kBlocks>([&](auto b)
                          __attribute__((always_inline)) { step[b] = _mm512_loadu_si512(w + b * 64); });
    unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
      int32_t values;
      __builtin_memcpy(&values, x[r] + offset, sizeof(values));
      const __m512i row = _mm512_set1_epi32(values);
      unrolled<kBlocks>([&](auto b)
                            __attribute__((always_inline)) { Isa::multiply_add(sums[r][b], row, step[b]); });
    });
  }
  unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
    float products[clip4j::packed::kPanel];
    unrolled<kBlocks>([&](auto b) __attribute__((always_inline)) {
      _mm512_storeu_ps(products + b * 16, Isa::products(sums[r][b], weights, panel * 4 + b, rows, first + r));
    });
    finish(products, weights, panel, output, first + r);
  });
}

void multiply(const Weights& weights, int64_t panel, int64_t next, const Rows& rows, const Output& output) {
  // The first tiles fetch a quarter of the next panel each. What is behind the last panel is fetched without
  // harm.
  const int64_t quarter = weights.steps * 64;
  const uint8_t* ahead = weights.values + next * 4 * quarter;
  const auto tile = [&](auto count, int64_t first) {
    multiply_tile<count>(weights, panel, ahead, rows, first, output);
    ahead += quarter;
  };
  int64_t first = 0;
  for (; first + kTileRows <= rows.count; first += kTileRows)
    tile(std::integral_constant<int, kTileRows>(), first);
  switch (rows.count - first) {
    case 5:
      return tile(std::integral_constant<int, 5>(), first);
    case 4:
      return tile(std::integral_constant<int, 4>(), first);
    case 3:
      return tile(std::integral_constant<int, 3>(), first);
    case 2:
      return tile(std::integral_constant<int, 2>(), first);
    case 1:
      return tile(std::integral_constant<int, 1>(), first);
    default:
      return;
  }
}

}  // namespace
