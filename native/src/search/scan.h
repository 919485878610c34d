#pragma once

#include <cstdint>

#include "search/index.h"
#include "search/kernel.h"

namespace clip4j::search {

// The best min(k, index.size()) rows of each query, best first, equal scores by row number; scores are float64
// arithmetic on the stored float32 values, whatever the kernel. Both outputs are query_count x min(k, index.size()).
void search(const Index& index, const float* queries, int64_t query_count, int64_t k, Similarity similarity,
            const Kernel& kernel, int32_t* rows, double* scores);

}  // namespace clip4j::search
