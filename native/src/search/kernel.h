#pragma once

#include "base/cpu.h"

// The inner loops of a search, one file an instruction set. Pure: no allocation, no lock, no exception.
namespace clip4j::search {

struct Kernel {
  const char* name;
};

// The kernel for an instruction set, which the CPU must have.
const Kernel& kernel(InstructionSet set);

}  // namespace clip4j::search
