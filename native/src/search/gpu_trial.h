#pragma once

#include <cstdint>

#include "cuda/library.h"

namespace clip4j::search {

// The instruction that scans for many queries use on a device.
struct GpuChoice {
  cuda::Instruction instruction;
  bool refused;  // a faster one gave other hits
};

// Takes the device's fastest if it finds there, in a small trial, what the CPU does. The environment variable
// CLIP4J_GPU=mma lowers it. Throws CLIP4J_UNSUPPORTED where there is no such device.
GpuChoice choose_instruction(const cuda::Library& library, int32_t device);

}  // namespace clip4j::search
