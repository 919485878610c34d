#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "cuda/library.h"
#include "search/gpu/index.h"
#include "search/search.h"

// What bench_gpu compares with the CPU's results, to the bit.
namespace clip4j::bench {

const char* name(cuda::Instruction instruction);

// Near normal, the same at every run.
Array<float> random_rows(int64_t rows, int32_t dimension, uint64_t seed);

// Rows, their segment, and a copy on the GPU.
struct Corpus {
  Corpus(const cuda::Library& library, cuda::Instruction instruction, int64_t rows, int32_t dimension,
         int64_t gpu_bytes = -1, const uint64_t* allowed = nullptr)
      : values(random_rows(rows, dimension, 1)),
        segment(search::encode(values.data(), rows, dimension),
                std::make_shared<search::MemoryRows>(values.data(), dimension)),
        view{&segment, allowed, 0},
        gpu(library, 0, instruction, dimension, {&view, 1}, gpu_bytes) {}

  void on_gpu(const float* queries, int64_t count, const search::Request& request, search::Hits& hits) const {
    gpu.search({&view, 1}, queries, count, request, search::kernel(instruction_set()), hits);
  }
  void on_cpu(const float* queries, int64_t count, const search::Request& request, search::Hits& hits) const {
    search::search({&view, 1}, segment.dimension(), queries, count, request,
                   search::kernel(instruction_set()), hits);
  }

  Array<float> values;
  search::Segment segment;
  search::SegmentView view;
  search::GpuIndex gpu;
};

// Prints what does not hold, the first times.
void require(bool holds, const std::string& what);
// How often require() was told so.
int faults();

void check_searches(const cuda::Library& library, cuda::Instruction instruction, bool quick);

// Returns pictures a second of 640 x 480.
double check_preprocessing(const cuda::Library& library, bool quick);

}  // namespace clip4j::bench
