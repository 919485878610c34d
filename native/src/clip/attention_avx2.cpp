#if defined(__x86_64__)

#include <immintrin.h>

#include "clip/attention.h"

namespace clip4j {

#include "clip/vector_avx2.h"

namespace {

constexpr int kRows = 6;
constexpr int kColumns = 2;

}  // namespace

#include "clip/attention_floats.h"
#include "clip/attention_kernel.h"

void attend_avx2(const AttentionHead& head, float* scratch) { attend(head, scratch); }

}  // namespace clip4j

#endif
