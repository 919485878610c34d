#include "base/error.h"
#include "search_reference.h"

namespace clip4j::search::test {
namespace {

void check_both(const Matrix& rows, const Matrix& queries, int64_t k) {
  check(rows, queries, k, Similarity::kCosine);
  check(rows, queries, k, Similarity::kDot);
}

TEST(TopK, EqualsNaiveForManyShapes) {
  uint32_t seed = 0;
  for (const int64_t n : {1, 2, 3, 5, 16, 17, 63, 100, 257, 1000}) {
    for (const int32_t dimension : {1, 2, 3, 8, 17, 31, 64, 100}) {
      const Matrix rows = normal(n, dimension, ++seed);
      for (const int64_t query_count : {1, 4, 9}) {
        for (const int64_t k : {int64_t{1}, int64_t{10}, n / 2 + 1, n + 5}) {
          check_both(rows, normal(query_count, dimension, ++seed), k);
        }
      }
    }
  }
}

TEST(TopK, EqualsNaiveForLargerShapes) {
  check_both(normal(5000, 512, 1), normal(70, 512, 2), 10);
  check_both(normal(3000, 1024, 3), normal(5, 1024, 4), 100);
  check_both(normal(20000, 33, 5), normal(2, 33, 6), 5000);
  check_both(normal(3000, 7, 7), normal(130, 7, 8), 3);
}

TEST(TopK, OrdersEqualRowsByNumber) {
  Matrix rows = normal(4000, 24, 9);
  for (int64_t i = 0; i < rows.rows; ++i) std::copy_n(rows.row(i % 7), 24, rows.row(i));
  check_both(rows, normal(5, 24, 10), 1500);
  for (int64_t i = 1; i < rows.rows; ++i) std::copy_n(rows.row(0), 24, rows.row(i));
  for (const int64_t k : {1, 10, 1000, 4000}) check_both(rows, normal(3, 24, 11), k);
  const Index index(rows);
  const Hits hits = run(index, normal(1, 24, 12), 10, Similarity::kCosine, instruction_set());
  for (int32_t i = 0; i < 10; ++i) EXPECT_EQ(hits.row[i], i);
}

// Rows that differ by one unit in the last place of one value: float32 sums cannot tell them apart.
TEST(TopK, TellsNearTiesApart) {
  Matrix rows = normal(3000, 64, 13);
  for (int64_t i = 1; i < rows.rows; ++i) {
    std::copy_n(rows.row(0), 64, rows.row(i));
    float& value = rows.row(i)[i % 64];
    for (int64_t step = 0; step < i % 5; ++step) value = std::nextafter(value, i % 3 == 0 ? -9.0f : 9.0f);
  }
  Matrix queries = normal(3, 64, 14);
  std::copy_n(rows.row(0), 64, queries.row(0));
  check(rows, queries, 20, Similarity::kCosine);
  check(rows, queries, 700, Similarity::kCosine);
  check(rows, queries, 20, Similarity::kDot);
}

// Each row beats all before it, so that every one is a candidate in its turn.
TEST(TopK, SurvivesTheWorstOrder) {
  Matrix rows(6000, 16);
  for (int64_t i = 0; i < rows.rows; ++i) {
    rows.row(i)[0] = static_cast<float>(i) / 6000;
    rows.row(i)[1] = 1;
  }
  Matrix queries(2, 16);
  queries.row(0)[0] = 1;
  queries.row(1)[0] = -1;
  check_both(rows, queries, 10);
  check_both(rows, queries, 2000);
}

TEST(TopK, ScoresZeroRowsZero) {
  Matrix rows = normal(900, 20, 15);
  for (int64_t i = 0; i < rows.rows; i += 3) std::fill_n(rows.row(i), 20, i % 2 == 0 ? 0.0f : -0.0f);
  check_both(rows, normal(4, 20, 16), 900);
  check_both(rows, normal(4, 20, 17), 450);
  std::fill(rows.values.begin(), rows.values.end(), 0.0f);
  check_both(rows, normal(4, 20, 18), 50);
}

TEST(TopK, AZeroQueryHasDotZeroWithAll) {
  const Matrix rows = normal(3000, 20, 20), zero(1, 20);
  check(rows, zero, 30, Similarity::kDot);
}

TEST(TopK, SurvivesExtremeNorms) {
  for (const float scale : {1e-45f, 1e-40f, 1e-30f, 1e-16f, 1e-14f, 1e14f, 1e16f, 1e30f, 3e37f}) {
    SCOPED_TRACE(scale);
    Matrix rows = normal(700, 40, 21, scale);
    check_both(rows, normal(3, 40, 22), 20);
    check_both(rows, normal(3, 40, 23, scale), 20);
    // Among ordinary rows.
    const Matrix ordinary = normal(700, 40, 24);
    for (int64_t i = 0; i < rows.rows; i += 2) std::copy_n(ordinary.row(i), 40, rows.row(i));
    check_both(rows, normal(3, 40, 25), 20);
    check_both(rows, normal(3, 40, 26, scale), 400);
  }
  Matrix largest(50, 40);
  std::fill(largest.values.begin(), largest.values.end(), std::numeric_limits<float>::max());
  check_both(largest, largest, 20);
}

TEST(TopK, HasOneDimension) {
  Matrix rows(1000, 1);
  for (int64_t i = 0; i < rows.rows; ++i) rows.values[i] = static_cast<float>(i % 3) - 1;
  Matrix queries(2, 1);
  queries.values = {2, -1e-42f};
  check_both(rows, queries, 600);
}

// Codes are coarser there, so that no sum overflows.
TEST(TopK, SurvivesGiantDimensions) {
  for (const int32_t dimension : {131'072, 140'001, 1'500'000}) {
    Matrix rows = normal(6, dimension, 27), queries = normal(2, dimension, 28);
    check_both(rows, queries, 2);
    // The largest sums that there are.
    std::fill_n(rows.row(3), dimension, 1.0F);
    std::fill_n(rows.row(4), dimension, -1.0F);
    std::fill_n(queries.row(0), dimension, 1.0F);
    check_both(rows, queries, 4);
  }
}

// One query has two planes of codes, few have, many have one; and many are packed in more than one batch.
TEST(TopK, IsTheSameForEveryNumberOfQueries) {
  const Matrix rows = normal(5000, 96, 29), queries = normal(600, 96, 30);
  const Index index(rows);
  for (const Similarity similarity : {Similarity::kCosine, Similarity::kDot}) {
    const Hits all = run(index, queries, 7, similarity, instruction_set());
    for (const int64_t count : {1, 2, 3, 4, 6, 7, 23, 24, 25, 255, 257}) {
      Matrix some(count, 96);
      std::copy_n(queries.row(0), count * 96, some.row(0));
      const Hits hits = run(index, some, 7, similarity, instruction_set());
      ASSERT_EQ(hits.row, std::vector<int64_t>(all.row.begin(), all.row.begin() + count * 7)) << count;
      ASSERT_EQ(hits.score, std::vector<double>(all.score.begin(), all.score.begin() + count * 7)) << count;
    }
  }
}

// Rows in the order of their scores, best last: each is a candidate in its turn, and more are undecided than
// are kept.
TEST(TopK, DecidesMoreNearTiesThanItKeeps) {
  Matrix rows(30000, 16);
  for (int64_t i = 0; i < rows.rows; ++i) {
    rows.row(i)[0] = 1;
    rows.row(i)[1] = 1e-5F * static_cast<float>(rows.rows - i);
  }
  Matrix queries(1, 16);
  queries.row(0)[0] = 1;
  check_both(rows, queries, 5);
  for (int64_t i = 0; i < rows.rows; ++i) std::copy_n(rows.row(0), 16, rows.row(i));
  check_both(rows, queries, 5);
}

TEST(TopK, NamesWhatIsNotFinite) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    Matrix rows = normal(2000, 300, 31);
    rows.row(1999)[1] = bad;
    rows.row(1234)[299] = bad;
    try {
      Index{rows};
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), CLIP4J_INVALID_ARGUMENT);
      EXPECT_NE(std::string(e.what()).find("row 1234 "), std::string::npos) << e.what();
    }
  }
}

TEST(Normalize, MakesUnitRowsOrChangesNothing) {
  for (const float scale : {1e-40f, 1.0f, 1e37f}) {
    Matrix rows = normal(500, 65, 32, scale);
    const Matrix before = rows;
    normalize(rows.values.data(), rows.rows, 65);
    for (int64_t i = 0; i < rows.rows; ++i) {
      EXPECT_NEAR(true_dot(rows.row(i), rows.row(i), 65), 1, 1e-6);
      EXPECT_NEAR(true_score(rows.row(i), before.row(i), 65, Similarity::kCosine), 1, 1e-12);
    }
    std::fill_n(rows.row(77), 65, 0.0f);
    const Matrix zero = rows;
    EXPECT_THROW(normalize(rows.values.data(), rows.rows, 65), Error);
    EXPECT_EQ(rows.values, zero.values);
  }
}

}  // namespace
}  // namespace clip4j::search::test
