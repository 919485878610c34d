#include "clip/kernels/packed.h"

#include "base/cpu.h"

namespace clip4j {
namespace {

using Vector [[gnu::vector_size(16)]] = float;
using Integers [[gnu::vector_size(16)]] = int32_t;

Vector multiply_add(Vector a, Vector b, Vector c) { return a * b + c; }

void store_bytes(Integers values, uint8_t* to) {
  for (int lane = 0; lane < 4; ++lane) to[lane] = static_cast<uint8_t>(values[lane]);
}
void store_halves(Integers values, uint8_t* to) {
  for (int lane = 0; lane < 4; ++lane) {
    const auto half = static_cast<uint16_t>(values[lane]);
    __builtin_memcpy(to + lane * 2, &half, sizeof(half));
  }
}

}  // namespace

#include "clip/kernels/packed_any.inl"

namespace packed {

const Kernel generic_int8 = {"scalar", Element::kInt8, multiply_int8, encode_int8, normalize};
const Kernel generic_bf16 = {"scalar", Element::kBf16, multiply_bf16, encode_bf16, normalize};

const Kernel& kernel(clip4j_precision precision) {
  const bool int8 = precision == CLIP4J_PRECISION_INT8;
#if defined(__x86_64__)
  const InstructionSet set = instruction_set();
  if (set == InstructionSet::kAmx) return int8 ? amx_int8 : amx_bf16;
  if (int8 && set >= InstructionSet::kAvx512Vnni) return avx512vnni_int8;
  if (int8 && has(InstructionSet::kAvxVnni)) return avxvnni_int8;
  if (!int8 && has_bf16()) return avx512bf16_bf16;
  if (!int8 && set >= InstructionSet::kAvx512) return avx512_bf16;
  if (set >= InstructionSet::kAvx2) return int8 ? avx2_int8 : avx2_bf16;
#endif
  return int8 ? generic_int8 : generic_bf16;
}

}  // namespace packed
}  // namespace clip4j
