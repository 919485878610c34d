#pragma once

#include <cstdint>

namespace clip4j {

// One head of one sequence. Plain data: the kernels' files may share no inline function with others.
struct AttentionHead {
  const float* query;  // `queries` rows of `width` values
  const float* key;    // `length` rows
  const float* value;  // `length` rows
  int64_t stride;      // floats from one of these rows to the next
  int64_t queries;
  int64_t length;
  int64_t width;
  bool causal;  // query i sees keys 0 to i only; queries = length
  float* out;   // `queries` rows of `width` values
  int64_t out_stride;
};

// out = softmax(query key^T / sqrt(width)) value. The result depends on nothing but the head's own numbers.
// `scratch` has room for attention_scratch(length, width) floats.
using AttentionKernel = void(const AttentionHead& head, float* scratch);

// libtorch's own scaled_dot_product_attention multiplies with OpenBLAS, which from 128 tokens on starts
// threads inside OpenMP's: 3 GFLOP/s at 257 tokens, and a warning a call on stderr.
AttentionKernel attend_generic, attend_avx2, attend_avx512;
// Rounds queries, keys, weights and values to bfloat16; sums are float32.
AttentionKernel attend_avx512bf16;

// The one for this CPU: in float32, or in bfloat16 if that is faster.
AttentionKernel* attention_kernel(bool may_round);

int64_t attention_scratch(int64_t length, int64_t width);

}  // namespace clip4j
