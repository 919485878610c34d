#pragma once

#include <cstdint>

namespace clip4j::search {

// Divides each row by its Euclidean norm. Throws, with nothing changed and naming the first such row, when
// one is zero or not finite.
void normalize(float* rows, int64_t n, int32_t dimension);

}  // namespace clip4j::search
