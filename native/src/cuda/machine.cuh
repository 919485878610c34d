#pragma once

#include <cstdint>

#include "cuda/topk.h"

// The Machine of the kernels' bodies on a GPU: sm_80 and later.
namespace clip4j::cuda {

extern __shared__ __align__(16) uint8_t shared_memory[];  // as the widest access wants it

struct Gpu {
  __device__ int32_t thread() const { return static_cast<int32_t>(threadIdx.x); }
  __device__ int32_t block() const { return static_cast<int32_t>(blockIdx.x); }
  __device__ int32_t blocks() const { return static_cast<int32_t>(gridDim.x); }
  __device__ uint8_t* shared() const { return shared_memory; }
  __device__ void sync() const { __syncthreads(); }
  // Brings a warp's threads together again, which instructions of whole warps want.
  __device__ void reconverge() const { __syncwarp(); }
  // Of both kinds of memory.
  __device__ int32_t add(int32_t* to, int32_t value) const { return atomicAdd(to, value); }

  // Copies 16 bytes into shared memory, some time after commit(); wait<n>() leaves at most the n last
  // commits' copies of this thread under way. Past L1: rows are read once.
  __device__ void copy(void* shared, const void* global) const {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(
                     static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
                 "l"(__cvta_generic_to_global(global))
                 : "memory");
  }
  __device__ void commit() const { asm volatile("cp.async.commit_group;" ::: "memory"); }
  template <int kLeft>
  __device__ void wait() const {
    asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
  }

  // Adds the products of 16 rows and 8 columns, 32 values each; all lanes of a warp together.
  __device__ void multiply(const RowPart& rows, const QueryPart& columns, int32_t (&sums)[4]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+r"(sums[0]), "+r"(sums[1]), "+r"(sums[2]), "+r"(sums[3])
        : "r"(rows.words[0]), "r"(rows.words[1]), "r"(rows.words[2]), "r"(rows.words[3]),
          "r"(columns.words[0]), "r"(columns.words[1]));
  }
};

}  // namespace clip4j::cuda
