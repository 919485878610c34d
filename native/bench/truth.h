#pragma once

#include <cstdint>

#include "search/search.h"

namespace clip4j::bench {

// How many of `count` queries have other hits, scores or order than a scan of all rows in float64 with plain
// loops, not the kernels'. `request` has one k for all.
int64_t wrong_queries(const search::SegmentView& view, const search::Request& request, const float* queries,
                      int64_t count, const search::Hits& hits);

}  // namespace clip4j::bench
