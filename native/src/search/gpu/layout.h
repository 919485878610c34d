#pragma once

#include <cstdint>

#include "cuda/topk.h"
#include "search/codes.h"
#include "search/kernels/kernel.h"

// Codes as a GPU's kernels read them.
namespace clip4j::search {

// Of queries.
extern const Packing gpu_packing;

// Writes blocks first ... first + count - 1, signed. After the last block of the codes come zeros.
void pack_rows(const Codes& codes, int64_t first, int64_t count, cuda::RowPart* to);

}  // namespace clip4j::search
