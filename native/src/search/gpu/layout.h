#pragma once

#include <cstdint>

#include "cuda/topk.h"
#include "search/codes.h"
#include "search/kernels/kernel.h"

// Codes as a GPU's kernels read them.
namespace clip4j::search {

// Quantises queries as the CPU's kernel does, to the bit, and packs them for a GPU. It has no scan.
const Kernel& gpu_kernel();

// Writes blocks first ... first + count - 1, signed. After the last block of the codes come zeros.
void pack_rows(const Codes& codes, int64_t first, int64_t count, cuda::RowPart* to);

}  // namespace clip4j::search
