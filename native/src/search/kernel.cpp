#include "search/kernel.h"

namespace clip4j::search {

const Kernel& kernel(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return avx512_kernel;
  if (set == InstructionSet::kAvx2) return avx2_kernel;
#else
  (void)set;
#endif
  return scalar_kernel;
}

}  // namespace clip4j::search
