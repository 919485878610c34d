#include "clip/kernels/attention.h"

#include "base/cpu.h"

// Every CPU of the platform has vectors of four floats.
namespace clip4j {
namespace {

using Vector [[gnu::vector_size(16)]] = float;
using Integers [[gnu::vector_size(16)]] = int32_t;
constexpr int kRows = 4;
constexpr int kColumns = 2;

Vector multiply_add(Vector a, Vector b, Vector c) { return a * b + c; }

}  // namespace

#include "clip/kernels/attention_floats.inl"
#include "clip/kernels/attention_kernel.inl"

void attend_generic(const AttentionHead& head, float* scratch) { attend(head, scratch); }

AttentionKernel* attention_kernel(bool may_round) {
#if defined(__x86_64__)
  if (may_round && has_bf16()) return attend_avx512bf16;
  switch (instruction_set()) {
    case InstructionSet::kAmx:
    case InstructionSet::kAvx512Vnni:
    case InstructionSet::kAvx512:
      return attend_avx512;
    case InstructionSet::kAvxVnni:
    case InstructionSet::kAvx2:
      return attend_avx2;
    case InstructionSet::kScalar:
      break;
  }
#endif
  return attend_generic;
}

int64_t attention_scratch(int64_t length, int64_t width) {
  // No kernel's blocks are larger, and this is a multiple of all of them.
  constexpr int64_t kMostRows = 6, kMostBlock = 64;
  const auto padded = [](int64_t count) { return (count + kMostBlock - 1) / kMostBlock * kMostBlock; };
  return padded(length) * width + padded(width) * length + kMostRows * (padded(length) + width);
}

}  // namespace clip4j
