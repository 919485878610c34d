#include "base/error.h"
#include "search_reference.h"

// Filters, minimum scores, ranges and a k for each query.
namespace clip4j::search::test {
namespace {

std::vector<uint64_t> filter(int64_t rows, double part, uint32_t seed) {
  std::vector<uint64_t> allowed(rows / 64 + 1);
  std::mt19937 random(seed);
  for (int64_t row = 0; row < rows; ++row) {
    if (std::uniform_real_distribution<>()(random) < part) allowed[row / 64] |= uint64_t{1} << (row % 64);
  }
  return allowed;
}

void check_both(const Matrix& rows, const Matrix& queries, Request request,
                const std::vector<uint64_t>* allowed) {
  for (const Similarity similarity : {Similarity::kCosine, Similarity::kDot}) {
    request.similarity = similarity;
    check(rows, queries, request, allowed);
  }
}

TEST(Find, ObeysFilters) {
  for (const int64_t n : {1, 15, 16, 63, 64, 65, 1000, 5000}) {
    const Matrix rows = normal(n, 24, 1), queries = normal(n % 5 + 1, 24, 2);
    for (const double part : {0.0, 0.01, 0.1, 0.5, 1.0}) {
      const std::vector<uint64_t> allowed = filter(n, part, 3);
      for (const int64_t k : {int64_t{1}, int64_t{10}, n})
        check_both(rows, queries, {.k = {&k, 1}}, &allowed);
    }
  }
}

TEST(Find, ObeysFiltersOfRuns) {
  const Matrix rows = normal(6000, 32, 4), queries = normal(9, 32, 5);
  std::vector<uint64_t> allowed(6000 / 64 + 1);
  for (int64_t row = 1777; row < 2345; ++row) allowed[row / 64] |= uint64_t{1} << (row % 64);
  allowed[5999 / 64] |= uint64_t{1} << (5999 % 64);
  for (const int64_t k : {1, 20, 568, 1000}) check_both(rows, queries, {.k = {&k, 1}}, &allowed);
}

TEST(Find, ObeysMinimumScores) {
  const Matrix rows = normal(3000, 24, 6), queries = normal(8, 24, 7);
  const double inf = std::numeric_limits<double>::infinity();
  for (const double minimum : {-inf, -1.0, 0.0, 0.3, 0.999, 1.0, 100.0, inf}) {
    for (const int64_t k : {int64_t{5}, int64_t{500}, kAllRows}) {
      check_both(rows, queries, {.k = {&k, 1}, .minimum_score = minimum}, nullptr);
    }
  }
}

// A row whose score is the minimum is a hit, and one whose score is the next lower number is none.
TEST(Find, TakesTheMinimumAtItsWord) {
  const Matrix rows = normal(2000, 40, 8), queries = normal(1, 40, 9);
  for (const Similarity similarity : {Similarity::kCosine, Similarity::kDot}) {
    for (int64_t row = 0; row < 100; ++row) {
      const double score = defined_score(rows.row(row), queries.row(0), 40, similarity);
      for (const double minimum : {score, std::nextafter(score, 1e9)}) {
        const Request request{.k = {&kAllRows, 1}, .minimum_score = minimum, .similarity = similarity};
        const Hits hits = run(Index(rows), queries, request, instruction_set());
        const bool found = std::find(hits.row.begin(), hits.row.end(), row) != hits.row.end();
        ASSERT_EQ(found, minimum == score);
      }
    }
  }
}

TEST(Find, HasAKForEachQuery) {
  const Matrix rows = normal(1500, 24, 10), queries = normal(300, 24, 11);
  std::vector<int64_t> k(300);
  for (int64_t q = 0; q < 300; ++q) k[q] = q % 10 == 0 ? kAllRows : 1 + q * q % 70;
  const std::vector<uint64_t> allowed = filter(1500, 0.3, 12);
  check_both(rows, queries, {.k = k, .minimum_score = 0.1}, &allowed);
}

TEST(Find, FindsNothingInNothing) {
  Hits hits;
  const int64_t k = 3;
  const Matrix queries = normal(2, 8, 13);
  search({}, 8, queries.values.data(), 2, {.k = {&k, 1}}, scalar_kernel, hits);
  EXPECT_EQ(hits.offset, (std::vector<int64_t>{0, 0, 0}));
  EXPECT_TRUE(hits.row.empty());
  const Matrix rows = normal(5, 8, 14);
  const Index index(rows);
  search(index.views(), 8, nullptr, 0, {.k = {&k, 1}}, scalar_kernel, hits);
  EXPECT_EQ(hits.offset, (std::vector<int64_t>{0}));
  const Matrix zero(1, 8);
  EXPECT_THROW(search({}, 8, zero.values.data(), 1, {.k = {&k, 1}}, scalar_kernel, hits), Error);
}

// What one thread, or one search, leaves behind must not show in the next.
TEST(Find, CanUseItsHitsAgain) {
  const Matrix rows = normal(700, 16, 15), other = normal(300, 40, 16);
  const Index index(rows), other_index(other, 3);
  Hits hits;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const bool first = seed % 2 == 0;
    const Matrix& searched = first ? rows : other;
    const Matrix queries = normal(1 + seed % 7, searched.dimension, seed);
    const int64_t k = 1 + seed * 13;
    const Request request{.k = {&k, 1}, .minimum_score = seed % 3 == 0 ? 0.2 : -1};
    search((first ? index : other_index).views(), queries.dimension, queries.values.data(), queries.rows,
           request, kernel(instruction_set()), hits);
    const Hits expected = naive(searched, queries, request);
    ASSERT_EQ(hits.offset, expected.offset);
    ASSERT_EQ(hits.row, expected.row);
    ASSERT_EQ(hits.score, expected.score);
  }
}

class FailingRows : public RowSource {
 public:
  const float* row(int64_t, float*) const override { fail(CLIP4J_UNREADABLE, "the disk is gone"); }
};

// Rows that are read into the scratch, as a file's are.
class CopiedRows : public RowSource {
 public:
  explicit CopiedRows(const Matrix& rows) : rows_(rows) {}
  const float* row(int64_t i, float* scratch) const override {
    std::copy_n(rows_.row(i), rows_.dimension, scratch);
    return scratch;
  }

 private:
  const Matrix& rows_;
};

TEST(Find, ReadsRowsFromWhereTheyAre) {
  const Matrix rows = normal(3000, 30, 17), queries = normal(5, 30, 18);
  const Segment copied(encode(rows.values.data(), 3000, 30), std::make_shared<CopiedRows>(rows));
  const Segment failing(encode(rows.values.data(), 3000, 30), std::make_shared<FailingRows>());
  const int64_t k = 400;
  const Request request{.k = {&k, 1}};
  Hits hits;
  const SegmentView view{&copied, nullptr, 1'000'000'000'000};
  search({&view, 1}, queries.dimension, queries.values.data(), 5, request, kernel(instruction_set()), hits);
  const Hits expected = naive(rows, queries, request);
  EXPECT_EQ(hits.score, expected.score);
  for (size_t i = 0; i < hits.row.size(); ++i) ASSERT_EQ(hits.row[i], expected.row[i] + 1'000'000'000'000);
  const SegmentView broken{&failing, nullptr, 0};
  try {
    search({&broken, 1}, queries.dimension, queries.values.data(), 5, request, kernel(instruction_set()),
           hits);
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "the disk is gone");
  }
  search({&view, 1}, queries.dimension, queries.values.data(), 5, request, kernel(instruction_set()), hits);
  EXPECT_EQ(hits.score, expected.score) << "after a failure";
}

}  // namespace
}  // namespace clip4j::search::test
