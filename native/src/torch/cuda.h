#pragma once

#include <cstdint>
#include <string>

namespace clip4j::torch {

// Has libtorch compute something on a CUDA device and returns what is known of that, e.g. "NVIDIA H100 80GB
// HBM3, compute capability 9.0, 79 GiB, driver for CUDA 13.0". Throws CLIP4J_UNSUPPORTED, with what is
// missing and what to do, where there is no such device, no libtorch_cuda, which is loaded from libtorch's
// folder unless it is in this process, or where it cannot compute. Asks the driver: nothing of CUDA's is
// needed to build or load us. On a lane.
std::string try_cuda(int32_t number);

// Loads this folder's libtorch_cuda for good. What keeps it from that, in the dynamic linker's words, such as
// a library of CUDA's that it does not find; empty where it is loaded now, or is not there.
std::string cuda_obstacle(const std::string& folder);

// The stream that libtorch queues to when this thread calls it: a cudaStream_t, which may be null.
void* current_stream(int32_t number);

}  // namespace clip4j::torch
