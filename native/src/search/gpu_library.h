#pragma once

#include "cuda/topk_library.h"

namespace clip4j::search {

// Loads libclip4j_search_cuda, which stays loaded. Throws CLIP4J_MISSING where it cannot be,
// CLIP4J_UNSUPPORTED where it is of another version.
const cuda::Library& load_gpu_library(const char* path);

// Throws what a call of the library returned, unless that is CLIP4J_OK.
void check(const cuda::Library& library, int32_t status);

// Throws CLIP4J_UNSUPPORTED, with a line that says what is missing, where there is no such GPU.
void check_device(const cuda::Library& library, int32_t device);

}  // namespace clip4j::search
