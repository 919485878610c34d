#include "store/index.h"

namespace clip4j::store {

std::pair<size_t, size_t> next_merge(std::span<const SegmentSize> segments, int64_t most_rows) {
  constexpr int64_t fan = 8;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].alive * 2 < segments[i].rows || segments[i].alive == 0) return {i, i + 1};
  }
  // From the smallest up, so that a row is rewritten once a level: log8 of the largest segment's rows, at
  // most.
  const int64_t large = (most_rows + 1) / 2;
  for (int64_t limit = fan;; limit *= fan) {
    limit = std::min(limit, large);
    size_t first = segments.size();
    int64_t rows = 0;
    while (first > 0 && segments[first - 1].alive < limit && rows + segments[first - 1].alive <= most_rows) {
      rows += segments[--first].alive;
    }
    const size_t count = segments.size() - first;
    if (count >= fan || (count > 1 && rows >= large)) return {first, segments.size()};
    if (limit == large) return {0, 0};
  }
}

}  // namespace clip4j::store
