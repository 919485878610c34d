#include "search/guess.h"
#include "search_reference.h"

// Searches for many rows a query, which begin with a sample (search/guess.h).
namespace clip4j::search::test {
namespace {

TEST(Guess, FindsWhatANaiveSearchFinds) {
  const Matrix rows = normal(30000, 12, 1), queries = normal(9, 12, 2);
  for (const auto similarity : {Similarity::kCosine, Similarity::kDot}) {
    check(rows, queries, 60, similarity);
    check(rows, queries, 300, similarity);
    const std::vector<int64_t> each{60, 1, 300, 5, 299, 60, 200, 10, 50};
    check(rows, queries, {.k = each, .similarity = similarity});
  }
}

TEST(Guess, KeepsToAFilterAndAMinimum) {
  const Matrix rows = normal(30000, 12, 3), queries = normal(9, 12, 4);
  std::vector<uint64_t> allowed(30000 / 64 + 1);
  for (size_t i = 0; i < allowed.size(); i += 3) allowed[i] = 0x8421842184218421;
  const int64_t k = 100;
  check(rows, queries, {.k = {&k, 1}}, &allowed);
  check(rows, queries, {.k = {&k, 1}, .minimum_score = 0.5});
  check(rows, queries, {.k = {&k, 1}, .minimum_score = 0.8}, &allowed);
}

// Rows near the first axis.
Matrix one_sided() {
  Matrix rows = normal(30000, 12, 5, 0.05F);
  for (int64_t i = 0; i < rows.rows; ++i) rows.row(i)[0] += 1;
  return rows;
}

// The first row of each block that the sample looks at.
std::vector<int64_t> sampled_rows(const Matrix& rows) {
  std::vector<int64_t> sampled;
  for (int64_t first = 0; first * kBlockRows < rows.rows; first += kGuessStride) {
    const int64_t row = sampled_block(first, kGuessStride) * kBlockRows;
    if (row < rows.rows) sampled.push_back(row);
  }
  return sampled;
}

// Exactly the rows that the sample looks at are good for one query: a search that trusted it would find these
// few alone.
TEST(Guess, MayBeWrongForOneQueryAlone) {
  Matrix rows = one_sided(), queries(9, 12);
  for (int64_t q = 0; q < queries.rows; ++q) queries.row(q)[0] = q == 0 ? -1 : 1;
  for (const int64_t row : sampled_rows(rows)) std::copy_n(queries.row(0), 12, rows.row(row));
  for (const int64_t k : {50, 300}) {
    check(rows, queries, k, Similarity::kCosine);
    check(rows, queries, k, Similarity::kDot);
  }
}

// One good row is lacking, in the sample's blocks and those next to them.
TEST(Guess, MayBeWrongByOneRow) {
  constexpr int64_t k = 50;
  Matrix rows = one_sided(), queries(9, 12);
  for (int64_t q = 0; q < queries.rows; ++q) queries.row(q)[0] = -1;
  const std::vector<int64_t> sampled = sampled_rows(rows);
  for (size_t i = 0; i + 1 < k; ++i) {
    const int64_t row = sampled[i % sampled.size()] + static_cast<int64_t>(i / sampled.size()) * kBlockRows;
    ASSERT_LT(row, rows.rows);
    std::copy_n(queries.row(0), 12, rows.row(row));
  }
  check(rows, queries, k, Similarity::kCosine);
}

// Rows that lie together are alike, as the frames of a film are.
TEST(Guess, IsNotMisledByNeighboursThatAreAlike) {
  const Matrix films = normal(300, 12, 7);
  Matrix rows = normal(30000, 12, 8, 0.01F);
  for (int64_t i = 0; i < rows.rows; ++i) {
    for (int32_t d = 0; d < 12; ++d) rows.row(i)[d] += films.row(i / 100)[d];
  }
  check(rows, normal(9, 12, 9), 300, Similarity::kCosine);
}

}  // namespace
}  // namespace clip4j::search::test
