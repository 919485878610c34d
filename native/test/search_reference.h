#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "amx_emulator.h"
#include "base/cpu.h"
#include "search/exact.h"
#include "search/normalize.h"
#include "search/search.h"

// The naive search that the engine is held against.
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

// The instruction sets that this CPU can run, and AMX where it can be emulated.
inline std::vector<InstructionSet> runnable() {
  std::vector<InstructionSet> sets;
  for (const auto set : {InstructionSet::kScalar, InstructionSet::kAvx2, InstructionSet::kAvxVnni,
                         InstructionSet::kAvx512, InstructionSet::kAvx512Vnni, InstructionSet::kAmx}) {
    if (has(set) || (set == InstructionSet::kAmx && clip4j::test::runs_amx())) sets.push_back(set);
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

// The score as search.h defines it, to the bit: of a row and a query with these norms.
inline double defined_score(const float* row, double row_norm, const float* query, double query_norm,
                            int32_t dimension, Similarity similarity) {
  const double dot = exact_dot(query, row, dimension);
  if (similarity == Similarity::kDot) return dot + 0.0;
  return row_norm == 0 ? 0 : std::clamp(dot / query_norm / row_norm, -1.0, 1.0) + 0.0;
}

inline double defined_score(const float* row, const float* query, int32_t dimension, Similarity similarity) {
  return defined_score(row, exact_norm(row, dimension), query, exact_norm(query, dimension), dimension,
                       similarity);
}

// Rows in memory, in some segments, not of equal size: a third of them is 16 rows or fewer.
class Index {
 public:
  explicit Index(const Matrix& rows, int32_t segments = 1, const std::vector<uint64_t>* allowed = nullptr) {
    std::vector<int64_t> bounds{0, rows.rows};
    for (int32_t i = 1; i < segments; ++i) {
      bounds.push_back(i % 3 == 0 ? std::min(rows.rows, bounds.back() + i) : rows.rows * i / segments);
    }
    std::sort(bounds.begin(), bounds.end());
    for (size_t i = 0; i + 1 < bounds.size(); ++i) {
      const int64_t begin = bounds[i], count = bounds[i + 1] - begin;
      if (count == 0) continue;
      segments_.push_back(
          std::make_unique<Segment>(encode(rows.row(begin), count, rows.dimension),
                                    std::make_shared<MemoryRows>(rows.row(begin), rows.dimension)));
      filters_.emplace_back();
      if (allowed != nullptr) {
        filters_.back().resize((count + 63) / 64, 0);
        for (int64_t row = begin; row < begin + count; ++row) {
          const uint64_t bit = (*allowed)[row / 64] >> (row % 64) & 1;
          filters_.back()[(row - begin) / 64] |= bit << ((row - begin) % 64);
        }
        // Bits after the last row mean nothing.
        if (count % 64 != 0) filters_.back().back() |= ~uint64_t{0} << (count % 64);
      }
      views_.push_back({segments_.back().get(), nullptr, begin});
    }
    for (size_t i = 0; i < views_.size(); ++i)
      views_[i].allowed = allowed == nullptr ? nullptr : filters_[i].data();
    // The order of views must not matter.
    std::reverse(views_.begin(), views_.end());
  }

  std::span<const SegmentView> views() const { return views_; }
  const Segment& segment() const { return *segments_[0]; }

 private:
  std::vector<std::unique_ptr<Segment>> segments_;
  std::vector<std::vector<uint64_t>> filters_;
  std::vector<SegmentView> views_;
};

inline Hits run(const Index& index, const Matrix& queries, const Request& request, InstructionSet set) {
  Hits hits;
  search(index.views(), queries.dimension, queries.values.data(), queries.rows, request, kernel(set), hits);
  return hits;
}

inline Hits run(const Index& index, const Matrix& queries, int64_t k, Similarity similarity,
                InstructionSet set) {
  return run(index, queries, {.k = {&k, 1}, .similarity = similarity}, set);
}

// What a search must find.
inline Hits naive(const Matrix& rows, const Matrix& queries, const Request& request,
                  const std::vector<uint64_t>* allowed = nullptr) {
  Hits hits;
  hits.offset.push_back(0);
  std::vector<double> score(rows.rows), norm(rows.rows);
  for (int64_t row = 0; row < rows.rows; ++row) norm[row] = exact_norm(rows.row(row), rows.dimension);
  for (int64_t q = 0; q < queries.rows; ++q) {
    const double query_norm = exact_norm(queries.row(q), rows.dimension);
    std::vector<int64_t> order;
    for (int64_t row = 0; row < rows.rows; ++row) {
      if (allowed != nullptr && ((*allowed)[row / 64] >> (row % 64) & 1) == 0) continue;
      score[row] = defined_score(rows.row(row), norm[row], queries.row(q), query_norm, rows.dimension,
                                 request.similarity);
      if (score[row] >= request.minimum_score) order.push_back(row);
    }
    const int64_t k = std::min(request.k[request.k.size() == 1 ? 0 : q], std::ssize(order));
    std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
      return score[a] != score[b] ? score[a] > score[b] : a < b;
    });
    order.resize(k);
    for (const int64_t row : order) {
      hits.row.push_back(row);
      hits.score.push_back(score[row]);
    }
    hits.offset.push_back(static_cast<int64_t>(hits.row.size()));
  }
  return hits;
}

// Searches with every kernel, in one segment and in many, and wants what the naive search finds, to the bit.
inline void check(const Matrix& rows, const Matrix& queries, const Request& request,
                  const std::vector<uint64_t>* allowed = nullptr) {
  const Hits expected = naive(rows, queries, request, allowed);
  for (const int32_t segments : {1, 7}) {
    const Index index(rows, segments, allowed);
    for (const InstructionSet set : runnable()) {
      SCOPED_TRACE(std::string(name(set)) + " n=" + std::to_string(rows.rows) +
                   " d=" + std::to_string(rows.dimension) + " k=" + std::to_string(request.k[0]) +
                   " segments=" + std::to_string(segments) +
                   (request.similarity == Similarity::kDot ? " dot" : " cosine"));
      const Hits hits = run(index, queries, request, set);
      ASSERT_EQ(hits.offset, expected.offset);
      ASSERT_EQ(hits.row, expected.row);
      ASSERT_EQ(hits.score, expected.score);
      ASSERT_TRUE(std::none_of(hits.score.begin(), hits.score.end(),
                               [](double s) { return s == 0 && std::signbit(s); }));
    }
  }
}

inline void check(const Matrix& rows, const Matrix& queries, int64_t k, Similarity similarity) {
  check(rows, queries, {.k = {&k, 1}, .similarity = similarity});
}

}  // namespace clip4j::search::test
