#pragma once

namespace clip4j {

// The faster, the later. None but kAvxVnni is without those before it, and there are CPUs with AVX-512 that
// are without AVX-VNNI.
enum class InstructionSet { kScalar, kAvx2, kAvxVnni, kAvx512, kAvx512Vnni, kAmx };

// Whether this CPU and its operating system offer it (kAvx2 implies FMA; kAvx512 means F, BW, VL and DQ; kAmx
// means TILE, INT8 and BF16, and that Linux lets this process use tiles, for which it is asked) and the
// environment variable CLIP4J_CPU = scalar | avx2 | avxvnni | avx512 | avx512vnni | amx, the last one that
// may be used, allows it: so every path can be tested on one machine.
bool has(InstructionSet set);

// The last one that has() says yes to. Decided once.
InstructionSet instruction_set();

const char* name(InstructionSet set);

// Whether the CPU multiplies bfloat16 (AVX512_BF16) and CLIP4J_CPU allows for avx512vnni at least.
bool has_bf16();

// CPUs that this process may use: its affinity mask, lowered by a control group's quota (v1 or v2, rounded
// up).
int hardware_threads();

}  // namespace clip4j
