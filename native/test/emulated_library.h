#pragma once

#include <cstdint>

#include "cuda/library.h"

namespace clip4j::cuda::test {

// A GPU that is none: its kernels are emulated, its memory is the CPU's.
const Library& emulated_library();

// What the next searches find: `free_bytes` of memory, and a failure of the call after so many (-1: none).
struct Settings {
  int64_t free_bytes = int64_t{1} << 30;
  int32_t shared_bytes = 227 << 10;
  Instruction instruction = Instruction::kMma;
  bool wgmma_is_wrong = false;
  int32_t fail_after = -1;
  // How often what was called.
  int64_t uploaded = 0, scans = 0, wgmma_scans = 0, preprocessed = 0, allocated = 0;
  // Copies of memory that was changed before they were done, or to memory that a kernel may still read.
  int64_t disorder = 0;
  // Columns of the widest picture that was preprocessed.
  int32_t widest = 0;
};
Settings& settings();

}  // namespace clip4j::cuda::test
