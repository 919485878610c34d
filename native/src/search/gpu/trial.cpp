#include "search/gpu/trial.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "search/gpu/index.h"

namespace clip4j::search {
namespace {

// Values that repeat nowhere, from -1 to 1.
std::vector<float> noise(int64_t count, uint32_t state) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    values.push_back(static_cast<float>(state >> 8) * 0x1p-23F - 1);
  }
  return values;
}

// Both kernels of wgmma: as many columns as a thread block takes, and half of them. Some tiles of rows, and
// values that are no whole chunk. As many hits as a large batch may ask for, so that many products matter.
// How many rows the products leave in doubt is compared as well: it tells more of their bits.
bool finds_what_the_cpu_finds(const cuda::Library& library, int32_t device, cuda::Instruction instruction) {
  constexpr int32_t dimension = 150;
  constexpr int64_t rows = 600, k = 128, enough = 16 << 20;  // bytes, for codes and values
  const std::vector<float> values = noise(rows * dimension, 1);
  const Segment segment(encode(values.data(), rows, dimension),
                        std::make_shared<MemoryRows>(values.data(), dimension));
  const SegmentView view{&segment, nullptr, 0};
  const Kernel& cpu = kernel(instruction_set());
  const GpuIndex by_mma(library, device, cuda::Instruction::kMma, dimension, {&view, 1}, enough),
      by_other(library, device, instruction, dimension, {&view, 1}, enough);
  const auto search_on = [&](const GpuIndex& gpu, const float* queries, int64_t count) {
    Hits hits;
    gpu.search({&view, 1}, queries, count, {.k = {&k, 1}}, cpu, hits);
    return hits;
  };
  for (const int64_t count : {100, 250}) {
    const std::vector<float> queries = noise(count * dimension, 2);
    Hits expected;
    search({&view, 1}, dimension, queries.data(), count, {.k = {&k, 1}}, cpu, expected);
    const Hits trusted = search_on(by_mma, queries.data(), count),
               tried = search_on(by_other, queries.data(), count);
    if (tried.row != expected.row || tried.score != expected.score || tried.rescored != trusted.rescored) {
      return false;
    }
  }
  return true;
}

bool lowered() {
  const char* value = std::getenv("CLIP4J_GPU");
  return value != nullptr && std::strcmp(value, "mma") == 0;
}

}  // namespace

GpuChoice GpuTrials::choose(const cuda::Library& library, int32_t device) {
  check_device(library, device);
  cuda::Properties properties;
  check(library, library.properties(device, &properties));
  const cuda::Instruction fastest = properties.instruction;
  if (lowered() || fastest == cuda::Instruction::kMma) return {cuda::Instruction::kMma, false};
  const std::lock_guard lock(mutex_);
  const std::pair key(&library, device);
  auto found = right_.find(key);
  if (found == right_.end()) {
    found = right_.emplace(key, finds_what_the_cpu_finds(library, device, fastest)).first;
  }
  return found->second ? GpuChoice{fastest, false} : GpuChoice{cuda::Instruction::kMma, true};
}

}  // namespace clip4j::search
