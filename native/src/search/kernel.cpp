#include "search/kernel.h"

namespace clip4j::search {

const Kernel& kernel(InstructionSet) {
  static const Kernel scalar = {"scalar"};
  return scalar;
}

}  // namespace clip4j::search
