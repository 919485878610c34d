#pragma once

#include <cstdint>

#include "base/cpu.h"

// The float32 inner loops of the scan, one file an instruction set. Pure: no allocation, no lock, no exception.
namespace clip4j::search {

struct Kernel {
  // dots[q * stride + r] = the dot product of row r and query q; rows and queries are row-major. Each dot product is
  // summed in at least kPartialSums partial sums; error_bound() relies on it.
  void (*dots)(const float* rows, int32_t row_count, const float* queries, int32_t query_count, int32_t dimension,
               float* dots, int64_t stride);

  // Writes the positions i, ascending, where dots[i] * scale[i] + pad[i] is not less than floor (NaN is not less),
  // and returns how many there are. Room for `count` positions.
  int32_t (*select)(const float* dots, const float* scale, const float* pad, int32_t count, float floor,
                    int32_t* positions);
};

constexpr int32_t kPartialSums = 8;

// The kernel for an instruction set, which the CPU must have.
const Kernel& kernel(InstructionSet set);

extern const Kernel scalar_kernel;
#if defined(__x86_64__)
extern const Kernel avx2_kernel;
extern const Kernel avx512_kernel;
#endif

}  // namespace clip4j::search
