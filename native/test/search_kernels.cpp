#include <algorithm>

#include "search/bound.h"
#include "search_reference.h"

namespace clip4j::search::test {
namespace {

class Kernels : public testing::TestWithParam<InstructionSet> {};

INSTANTIATE_TEST_SUITE_P(All, Kernels, testing::ValuesIn(runnable()),
                         [](const auto& set) { return std::string(name(set.param)); });

TEST_P(Kernels, DotsAreWithinTheBound) {
  for (const int32_t dimension : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 255, 512, 1024, 1027}) {
    for (const int32_t row_count : {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33}) {
      for (const int32_t query_count : {1, 2, 3, 4, 5, 6, 9}) {
        const Matrix rows = normal(row_count, dimension, 1), queries = normal(query_count, dimension, 2);
        const int64_t stride = row_count + 3;
        std::vector<float> dots(query_count * stride, -7);
        kernel(GetParam())
            .dots(rows.values.data(), row_count, queries.values.data(), query_count, dimension, dots.data(), stride);
        for (int32_t q = 0; q < query_count; ++q) {
          for (int32_t r = 0; r < row_count; ++r) {
            const double norms = std::sqrt(static_cast<double>(true_dot(rows.row(r), rows.row(r), dimension) *
                                                               true_dot(queries.row(q), queries.row(q), dimension)));
            ASSERT_NEAR(dots[q * stride + r], true_dot(rows.row(r), queries.row(q), dimension),
                        norms * error_bound(dimension))
                << dimension << " " << row_count << " " << query_count;
          }
          for (int64_t r = row_count; r < stride; ++r) ASSERT_EQ(dots[q * stride + r], -7) << "written past the rows";
        }
      }
    }
  }
}

// The bound must hold for the sums that round worst, not only for random ones.
TEST_P(Kernels, BoundHoldsForSumsThatRoundTheSameWayEachTime) {
  for (const int32_t dimension : {64, 512, 1024, 4096}) {
    Matrix row(1, dimension), query(1, dimension);
    for (int32_t i = 0; i < dimension; ++i) {
      query.values[i] = 1 / std::sqrt(static_cast<float>(dimension));
      row.values[i] = i < 16 ? 1 : 1 + 0x1p-23f * 3;
    }
    float dot = 0;
    kernel(GetParam()).dots(row.values.data(), 1, query.values.data(), 1, dimension, &dot, 1);
    const double norms = std::sqrt(static_cast<double>(true_dot(row.row(0), row.row(0), dimension) *
                                                       true_dot(query.row(0), query.row(0), dimension)));
    EXPECT_NEAR(dot, true_dot(row.row(0), query.row(0), dimension), norms * error_bound(dimension));
  }
}

TEST_P(Kernels, SelectsWhatIsNotLess) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (int32_t count = 0; count < 50; ++count) {
    Matrix dots = normal(1, 50, count), scale = normal(1, 50, count + 1), pad = normal(1, 50, count + 2);
    if (count > 3) dots.values[count / 2] = nan;
    if (count > 5) pad.values[count / 3] = inf;
    for (const float floor : {-inf, -0.5f, 0.0f, 1.0f, inf, nan}) {
      std::vector<int32_t> expected, positions(count + 1, -1);
      for (int32_t i = 0; i < count; ++i) {
        if (!(dots.values[i] * scale.values[i] + pad.values[i] < floor)) expected.push_back(i);
      }
      const int32_t selected = kernel(GetParam())
                                   .select(dots.values.data(), scale.values.data(), pad.values.data(), count, floor,
                                           positions.data());
      ASSERT_EQ(selected, static_cast<int32_t>(expected.size()));
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), positions.begin()));
      ASSERT_EQ(positions[count], -1);
    }
  }
}

}  // namespace
}  // namespace clip4j::search::test
