#include <gtest/gtest.h>

#include "store/merge_policy.h"

namespace clip4j::store::test {
namespace {

using Range = std::pair<size_t, size_t>;

Range next(const std::vector<SegmentSize>& sizes, int64_t most = 1000) { return next_merge(sizes, most); }

TEST(MergePolicy, RewritesWhatIsMostlyDeleted) {
  EXPECT_EQ(next({{900, 449}, {10, 10}}), (Range{0, 1}));
  EXPECT_EQ(next({{900, 450}, {10, 10}}), (Range{0, 0}));
  EXPECT_EQ(next({{900, 900}, {1, 0}}), (Range{1, 2}));
}

TEST(MergePolicy, MergesNeighboursThatFillALevel) {
  EXPECT_EQ(next({}), (Range{0, 0}));
  EXPECT_EQ(next(std::vector<SegmentSize>(7, {1, 1})), (Range{0, 0}));
  EXPECT_EQ(next(std::vector<SegmentSize>(8, {1, 1})), (Range{0, 8}));
  EXPECT_EQ(next({{20, 20}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}), (Range{1, 9}));
  EXPECT_EQ(next({{499, 499}, {1, 1}}), (Range{0, 2}));
  EXPECT_EQ(next({{500, 500}, {499, 499}}), (Range{0, 0})) << "as large as they get";
  EXPECT_EQ(next({{400, 400}, {400, 400}, {400, 400}}), (Range{1, 3})) << "no more than the largest";
}

TEST(MergePolicy, KeepsSegmentsAndRewritingFew) {
  std::vector<SegmentSize> segments;
  int64_t rewritten = 0;
  constexpr int64_t rows = 20000, most = 4096;
  for (int64_t i = 0; i < rows; ++i) {
    segments.push_back({1, 1});
    for (Range range; (range = next(segments, most)).first != range.second;) {
      SegmentSize merged{0, 0};
      for (size_t s = range.first; s < range.second; ++s) merged.alive += segments[s].alive;
      merged.rows = merged.alive;
      ASSERT_LE(merged.rows, most);
      rewritten += merged.rows;
      segments.erase(segments.begin() + range.first, segments.begin() + range.second);
      segments.insert(segments.begin() + range.first, merged);
    }
    ASSERT_LE(segments.size(), 7 * 4 + 2 * rows / most + 1);
  }
  EXPECT_LE(rewritten, 5 * rows);
}

}  // namespace
}  // namespace clip4j::store::test
