#pragma once

#include "cuda/library.h"

namespace clip4j::cuda {

// Loads libclip4j_search_cuda, which stays loaded. Throws CLIP4J_MISSING where it cannot be,
// CLIP4J_UNSUPPORTED where it is of another version.
const Library& load(const char* path);

// Throws what a call of the library returned, unless that is CLIP4J_OK.
void check(const Library& library, int32_t status);

// Throws CLIP4J_UNSUPPORTED, with a line that says what is missing, where there is no such GPU.
void check_device(const Library& library, int32_t device);

}  // namespace clip4j::cuda
