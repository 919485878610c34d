#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace clip4j::store {

struct SegmentSize {
  int64_t rows;
  int64_t alive;  // those that are not deleted
};

// Which neighbouring segments [first, second) shall become one; first == second where all is well. See
// docs/index-format.md.
std::pair<size_t, size_t> next_merge(std::span<const SegmentSize> segments, int64_t most_rows);

}  // namespace clip4j::store
