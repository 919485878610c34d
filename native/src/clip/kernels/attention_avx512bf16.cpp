#if defined(__x86_64__)

#include <immintrin.h>

#include "clip/kernels/attention.h"

namespace clip4j {

#include "clip/kernels/vector_avx512.inl"

namespace {

constexpr int kRows = 6;
constexpr int kColumns = 4;

using Value = uint16_t;

Vector broadcast(const Value* pair) {
  int32_t bits;
  __builtin_memcpy(&bits, pair, sizeof(bits));
  return _mm512_castsi512_ps(_mm512_set1_epi32(bits));
}
Vector add_products(Vector a, Vector b, Vector sums) {
  // Not the intrinsic: GCC 12 copies its sums between registers and memory.
  asm("vdpbf16ps %2, %1, %0" : "+v"(sums) : "v"(a), "v"(b));
  return sums;
}
void store_values(Vector vector, Value* to) {
  const __m256bh halves = _mm512_cvtneps_pbh(vector);
  __builtin_memcpy(to, &halves, sizeof(halves));
}

}  // namespace

#include "clip/kernels/attention_kernel.inl"

void attend_avx512bf16(const AttentionHead& head, float* scratch) { attend(head, scratch); }

}  // namespace clip4j

#endif
