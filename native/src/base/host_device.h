#pragma once

// Arithmetic that the CPU and a CUDA kernel share is written once. Floating point is IEEE's on both sides,
// and neither fuses a multiplication with an addition (-ffp-contract=off, --fmad=false): the same bits.
#ifdef __CUDACC__
#define CLIP4J_HD __host__ __device__
#define CLIP4J_KERNEL __device__ __forceinline__
#define CLIP4J_RARE __device__ __noinline__
#define CLIP4J_UNROLL _Pragma("unroll")
#else
#define CLIP4J_HD
#define CLIP4J_KERNEL inline
#define CLIP4J_RARE inline
#define CLIP4J_UNROLL
#endif
