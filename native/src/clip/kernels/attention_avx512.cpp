#if defined(__x86_64__)

#include <immintrin.h>

#include "clip/kernels/attention.h"

namespace clip4j {

#include "clip/kernels/vector_avx512.inl"

namespace {

constexpr int kRows = 6;
constexpr int kColumns = 4;

}  // namespace

#include "clip/kernels/attention_floats.inl"
#include "clip/kernels/attention_kernel.inl"

void attend_avx512(const AttentionHead& head, float* scratch) { attend(head, scratch); }

}  // namespace clip4j

#endif
