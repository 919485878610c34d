#pragma once

namespace clip4j {

enum class InstructionSet { kScalar = 0, kAvx2 = 1, kAvx512 = 2, kAvx512Vnni = 3, kAmx = 4 };

// The widest that this CPU and its operating system offer (kAvx2 implies FMA; kAvx512 means F, BW, VL and DQ;
// kAmx means TILE, INT8 and BF16 beside kAvx512Vnni, and that Linux lets this process use tiles, for which it
// is asked), lowered, never raised, by the environment variable CLIP4J_CPU = scalar | avx2 | avx512 |
// avx512vnni | amx, so that every path can be tested on one machine. Read once.
InstructionSet instruction_set();

const char* name(InstructionSet set);

// Whether the CPU multiplies bfloat16 (AVX512_BF16) and CLIP4J_CPU allows for avx512vnni at least.
bool has_bf16();

// CPUs that this process may use: its affinity mask, lowered by a control group's quota (v1 or v2, rounded
// up).
int hardware_threads();

}  // namespace clip4j
