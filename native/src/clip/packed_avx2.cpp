#if defined(__x86_64__)

#include <immintrin.h>

#include "clip/packed.h"

namespace clip4j {
namespace {

using Vector [[gnu::vector_size(32)]] = float;
using Integers [[gnu::vector_size(32)]] = int32_t;

Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }

void store_bytes(Integers values, uint8_t* to) {
  for (int lane = 0; lane < 8; ++lane) to[lane] = static_cast<uint8_t>(values[lane]);
}
void store_halves(Integers values, uint8_t* to) {
  for (int lane = 0; lane < 8; ++lane) {
    const auto half = static_cast<uint16_t>(values[lane]);
    __builtin_memcpy(to + lane * 2, &half, sizeof(half));
  }
}

}  // namespace

#include "clip/packed_any.h"

const packed::Kernel packed::avx2_int8 = {"avx2", packed::Element::kInt8, multiply_int8, encode_int8,
                                          normalize};
const packed::Kernel packed::avx2_bf16 = {"avx2", packed::Element::kBf16, multiply_bf16, encode_bf16,
                                          normalize};

}  // namespace clip4j

#endif
