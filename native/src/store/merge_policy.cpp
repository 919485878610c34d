#include "store/merge_policy.h"

#include <algorithm>

namespace clip4j::store {

constexpr int64_t kFan = 8;

std::pair<size_t, size_t> next_merge(std::span<const SegmentSize> segments, int64_t most_rows) {
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].alive * 2 < segments[i].rows || segments[i].alive == 0) return {i, i + 1};
  }
  // What is merged fills its level, so that a row is rewritten once a level.
  const int64_t large = (most_rows + 1) / 2;
  for (int64_t level = std::min(kFan, large);; level = std::min(level * kFan, large)) {
    size_t first = segments.size();
    int64_t rows = 0;
    while (first > 0 && segments[first - 1].alive < level && rows + segments[first - 1].alive <= most_rows) {
      rows += segments[--first].alive;
    }
    if (rows >= level) return {first, segments.size()};
    if (level == large) return {0, 0};
  }
}

}  // namespace clip4j::store
