#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "search/normalize.h"
#include "search/search.h"

// The naive top-k that the tests hold the search against.
namespace clip4j::search::test {

struct Matrix {
  int64_t rows;
  int32_t dimension;
  std::vector<float> values;

  Matrix(int64_t rows, int32_t dimension) : rows(rows), dimension(dimension), values(rows * dimension) {}
  float* row(int64_t i) { return &values[i * dimension]; }
  const float* row(int64_t i) const { return &values[i * dimension]; }
};

inline Matrix normal(int64_t rows, int32_t dimension, uint32_t seed, float scale = 1) {
  Matrix matrix(rows, dimension);
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution(0, scale);
  for (float& value : matrix.values) value = distribution(random);
  return matrix;
}

// The instruction sets that this CPU can run.
inline std::vector<InstructionSet> runnable() {
  std::vector<InstructionSet> sets;
  for (const auto set : {InstructionSet::kScalar, InstructionSet::kAvx2, InstructionSet::kAvx512,
                         InstructionSet::kAvx512Vnni}) {
    if (set <= instruction_set()) sets.push_back(set);
  }
  return sets;
}

inline long double true_dot(const float* a, const float* b, int32_t dimension) {
  long double sum = 0;
  for (int32_t i = 0; i < dimension; ++i) sum += static_cast<long double>(a[i]) * b[i];
  return sum;
}

inline long double true_norm(const float* a, int32_t dimension) {
  return std::sqrt(true_dot(a, a, dimension));
}

inline long double true_score(const float* row, const float* query, int32_t dimension,
                              Similarity similarity) {
  const long double dot = true_dot(query, row, dimension);
  if (similarity == Similarity::kDot || dot == 0) return dot;
  return dot / (true_norm(query, dimension) * true_norm(row, dimension));
}

struct Result {
  int64_t hits;
  std::vector<int32_t> rows;
  std::vector<double> scores;
};

// Rows in memory as one segment.
struct Index {
  explicit Index(const Matrix& rows)
      : segment(encode(rows.values.data(), rows.rows, rows.dimension),
                std::make_shared<MemoryRows>(rows.values.data(), rows.dimension)) {}
  int64_t size() const { return segment.rows(); }

  Segment segment;
};

inline Result run(const Index& index, const Matrix& queries, int64_t k, Similarity similarity,
                  InstructionSet set) {
  const SegmentView view{&index.segment, nullptr, 0};
  Hits hits;
  search({&view, 1}, queries.values.data(), queries.rows, {.k = {&k, 1}, .similarity = similarity},
         kernel(set), hits);
  return {std::min<int64_t>(k, index.size()), {hits.row.begin(), hits.row.end()}, hits.score};
}

// Searches with every kernel and checks the answers against the naive scores: right scores, best first,
// nothing better left out, equal scores by row number, and the same from every kernel. `tolerance` is
// relative to |query| |row|.
inline void check(const Matrix& rows, const Matrix& queries, int64_t k, Similarity similarity,
                  double tolerance = 1e-12) {
  const int32_t dimension = rows.dimension;
  const Index index(rows);
  std::vector<long double> norms(rows.rows), truth(rows.rows);
  for (int64_t row = 0; row < rows.rows; ++row) norms[row] = true_norm(rows.row(row), dimension);
  Result first;
  for (const InstructionSet set : runnable()) {
    SCOPED_TRACE(std::string(name(set)) + " n=" + std::to_string(rows.rows) +
                 " d=" + std::to_string(dimension) + " k=" + std::to_string(k) +
                 (similarity == Similarity::kDot ? " dot" : " cosine"));
    const Result result = run(index, queries, k, similarity, set);
    if (set != InstructionSet::kScalar) {
      EXPECT_EQ(result.rows, first.rows);
      EXPECT_EQ(result.scores, first.scores);
      continue;
    }
    first = result;
    for (int64_t q = 0; q < queries.rows; ++q) {
      const float* query = queries.row(q);
      const long double query_norm = true_norm(query, dimension);
      for (int64_t row = 0; row < rows.rows; ++row) {
        truth[row] = true_dot(query, rows.row(row), dimension);
        if (similarity == Similarity::kCosine && norms[row] > 0) truth[row] /= query_norm * norms[row];
      }
      const auto slack = [&](int64_t row) -> double {
        return similarity == Similarity::kDot ? tolerance * query_norm * norms[row] : tolerance;
      };
      const int32_t* found = &result.rows[q * result.hits];
      const double* scores = &result.scores[q * result.hits];
      for (int64_t i = 0; i < result.hits; ++i) {
        ASSERT_NEAR(scores[i], truth[found[i]], slack(found[i]));
        if (i > 0) {
          ASSERT_TRUE(scores[i - 1] > scores[i] || (scores[i - 1] == scores[i] && found[i - 1] < found[i]));
        }
      }
      const std::set<int32_t> chosen(found, found + result.hits);
      ASSERT_EQ(static_cast<int64_t>(chosen.size()), result.hits);
      const double last = scores[result.hits - 1];
      for (int64_t row = 0; row < rows.rows; ++row) {
        if (chosen.count(static_cast<int32_t>(row)) == 0) {
          ASSERT_LE(truth[row], last + slack(row)) << "row " << row;
        }
      }
    }
  }
}

}  // namespace clip4j::search::test
