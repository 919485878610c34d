#include "emulated_library.h"

// A library for GPUs, to be loaded like the real one, that emulates its kernels.
const clip4j::cuda::Library* clip4j_cuda_library(void) { return &clip4j::cuda::test::emulated_library(); }
