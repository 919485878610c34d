#if defined(__x86_64__)

#include <immintrin.h>

#include "clip/attention.h"

namespace clip4j {
namespace {

using Vector [[gnu::vector_size(32)]] = float;
using Integers [[gnu::vector_size(32)]] = int32_t;
constexpr int kRows = 6;
constexpr int kColumns = 2;

Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }

}  // namespace

#include "clip/attention_floats.h"
#include "clip/attention_kernel.h"

void attend_avx2(const AttentionHead& head, float* scratch) { attend(head, scratch); }

}  // namespace clip4j

#endif
