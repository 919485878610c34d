#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "cuda/library.h"

namespace clip4j::search {

// The instruction that scans for many queries use on a device.
struct GpuChoice {
  cuda::Instruction instruction;
  bool refused;  // a faster one gave other hits
};

// Takes a device's fastest instruction if it finds there, in a small trial, what the CPU does. Safe from any
// thread.
class GpuTrials {
 public:
  // The trial is the first call's for a device; others wait for its answer. What it throws is no answer: the
  // next call tries again. The environment variable CLIP4J_GPU=mma lowers the choice. The library must stay
  // loaded. Throws CLIP4J_UNSUPPORTED where there is no such device.
  GpuChoice choose(const cuda::Library& library, int32_t device);

 private:
  std::mutex mutex_;
  std::map<std::pair<const cuda::Library*, int32_t>, bool> right_;  // of devices that were tried
};

}  // namespace clip4j::search
