#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/topk.h"

// wgmma.mma_async.m64nNk32.s32.s8.s8 with A in registers, from the PTX ISA ("Asynchronous warpgroup level
// matrix instructions") and, where that has a drawing alone, from the layouts that CUTLASS has of the same
// registers (ALayout_64x32, CLayout_64xN); not from src/cuda. Ends the process where a kernel does what is
// undefined.
namespace clip4j::cuda::test {

// A value of each of 8 columns. A vector of the compiler's: as single values, most of the time of the tests
// went into their products.
using Columns = int32_t __attribute__((vector_size(kColumns * sizeof(int32_t))));

class Warpgroup {
 public:
  static constexpr int32_t kThreads = 128;

  // What one thread gives an instruction. Registers are read and written when it ends, as late as may be.
  struct Operands {
    const RowPart* rows;
    uint64_t columns;  // a matrix descriptor
    int32_t* sums;
    int32_t tiles;  // N / 8
    bool add;
  };

  void set(int32_t thread, const Operands& operands) { operands_[thread] = operands; }
  // All threads have set theirs.
  void issue();
  // Those since the last are a group.
  void commit();
  // Ends the oldest groups until so many are left; `shared` is what fences have made visible.
  void wait(size_t left, std::span<const uint8_t> shared);

 private:
  using Instruction = std::array<Operands, kThreads>;
  static void run(const Instruction& instruction, std::span<const uint8_t> shared);

  Instruction operands_;
  std::vector<Instruction> group_;
  std::vector<std::vector<Instruction>> open_;
};

}  // namespace clip4j::cuda::test
