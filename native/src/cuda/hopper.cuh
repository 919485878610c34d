#pragma once

#include "cuda/machine.cuh"

// The Machine of Wgmma on a GPU of compute capability 9.0, compiled for sm_90a.
namespace clip4j::cuda {

#define SUMS_OF_1(t) "+r"(sums[t][0]), "+r"(sums[t][1]), "+r"(sums[t][2]), "+r"(sums[t][3])
#define SUMS_OF_4(t) SUMS_OF_1(t), SUMS_OF_1(t + 1), SUMS_OF_1(t + 2), SUMS_OF_1(t + 3)
#define SUMS_OF_16(t) SUMS_OF_4(t), SUMS_OF_4(t + 4), SUMS_OF_4(t + 8), SUMS_OF_4(t + 12)

struct Hopper : Gpu {
  __device__ uint32_t shared_address(const void* shared) const {
    return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  }
  // What this thread has written to shared memory may be multiplied, once threads have met.
  __device__ void publish() const { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

  // Sets sums to the products of the warpgroup's 64 rows and some columns, 32 values each, or adds them; some
  // time before wait_products<0>(), and until then rows and sums must stay as they are. All lanes of the
  // warpgroup together.
  __device__ void start_product(const RowPart& rows, uint64_t columns, int32_t (&sums)[16][4],
                                bool add) const {
    asm volatile(
        "{\n"
        ".reg .pred add;\n"
        "setp.ne.b32 add, %69, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 "
        "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
        "{%64, %65, %66, %67}, %68, add;\n"
        "}"
        : SUMS_OF_16(0)
        : "r"(rows.words[0]), "r"(rows.words[1]), "r"(rows.words[2]), "r"(rows.words[3]), "l"(columns),
          "r"(static_cast<int32_t>(add))
        : "memory");
  }
  __device__ void start_product(const RowPart& rows, uint64_t columns, int32_t (&sums)[32][4],
                                bool add) const {
    asm volatile(
        "{\n"
        ".reg .pred add;\n"
        "setp.ne.b32 add, %133, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n256k32.s32.s8.s8 "
        "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        " %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        " %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        " %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
        " %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
        " %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
        " %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
        " %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "
        "{%128, %129, %130, %131}, %132, add;\n"
        "}"
        : SUMS_OF_16(0), SUMS_OF_16(16)
        : "r"(rows.words[0]), "r"(rows.words[1]), "r"(rows.words[2]), "r"(rows.words[3]), "l"(columns),
          "r"(static_cast<int32_t>(add))
        : "memory");
  }

  // Before a group of products, once their rows are in registers, and after it.
  __device__ void begin_products() const { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
  __device__ void commit_products() const { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

  // At most the kLeft last groups are still under way.
  template <int kLeft>
  __device__ void wait_products() const {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kLeft) : "memory");
  }
  template <int kTiles>
  __device__ void finish_products(int32_t (&sums)[kTiles][4]) const {
    wait_products<0>();
    // For the compiler they have been there since start_product: no reading of them may move before this.
    CLIP4J_UNROLL
    for (int32_t t = 0; t < kTiles; ++t) asm volatile("" : SUMS_OF_1(t)::"memory");
  }
};

#undef SUMS_OF_16
#undef SUMS_OF_4
#undef SUMS_OF_1

}  // namespace clip4j::cuda
