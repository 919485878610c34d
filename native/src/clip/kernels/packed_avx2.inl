// What the 256-bit packed kernels have in common, included inside namespace clip4j, once for each instruction
// set, like vector_math.inl.

#include "clip/kernels/vector_avx2.inl"

namespace {

[[maybe_unused]] void store_bytes(Integers values, uint8_t* to) {
  for (int lane = 0; lane < 8; ++lane) to[lane] = static_cast<uint8_t>(values[lane]);
}
[[maybe_unused]] void store_halves(Integers values, uint8_t* to) {
  for (int lane = 0; lane < 8; ++lane) {
    const auto half = static_cast<uint16_t>(values[lane]);
    __builtin_memcpy(to + lane * 2, &half, sizeof(half));
  }
}

}  // namespace
