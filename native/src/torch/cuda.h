#pragma once

#include <cstdint>
#include <string>

namespace clip4j::torch {

// What is known of a CUDA device, e.g. "NVIDIA H100 80GB HBM3, compute capability 9.0, 79 GiB, driver for
// CUDA 13.0". Throws CLIP4J_UNSUPPORTED, with what is missing and what to do, where there is no such device
// or no libtorch_cuda in this process. Asks the driver: nothing of CUDA's is needed to build or load us.
std::string cuda_device(int32_t number);

// What keeps this folder's libtorch_cuda from being loaded, in the dynamic linker's words, such as a library
// of CUDA's that it does not find; empty where it is loaded now, or is not there.
std::string cuda_obstacle(const std::string& folder);

// The stream that libtorch queues to when this thread calls it: a cudaStream_t, which may be null.
void* current_stream(int32_t number);

// Has libtorch compute something there; throws CLIP4J_UNSUPPORTED where it cannot. On a lane.
void try_cuda(int32_t number);

}  // namespace clip4j::torch
