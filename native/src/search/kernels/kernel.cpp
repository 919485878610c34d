#include "search/kernels/kernel.h"

namespace clip4j::search {

const Kernel& kernel(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::kAmx:
      return amx_kernel;
    case InstructionSet::kAvx512Vnni:
      return avx512vnni_kernel;
    case InstructionSet::kAvx512:
      return avx512_kernel;
    case InstructionSet::kAvxVnni:
      return avxvnni_kernel;
    case InstructionSet::kAvx2:
      return avx2_kernel;
    case InstructionSet::kScalar:
      break;
  }
#else
  (void)set;
#endif
  return scalar_kernel;
}

}  // namespace clip4j::search
