#pragma once

#include <cstdint>
#include <vector>

#include "cuda/library.h"
#include "image/gpu_plan.h"
#include "image/normalize.h"
#include "image/pixels.h"

// What bench_gpu runs on a GPU beside clip4j_search_cuda. Both throw Error.
namespace clip4j::bench {

// Bytes a second that a kernel reads and writes, which copies memory; and that one reads which adds it up.
struct Bandwidth {
  double copy, read;
};
Bandwidth gpu_bandwidth(int64_t bytes);

// The library's preprocessing of pictures whose results have one size, and the seconds that its kernel takes.
std::vector<float> preprocess_on_gpu(const cuda::Library& library, const std::vector<image::Pixels>& pictures,
                                     const std::vector<image::GpuPlan>& plans,
                                     const image::NormalizedValues& values, int32_t fill, double& seconds);

}  // namespace clip4j::bench
