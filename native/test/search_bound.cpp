#include <algorithm>

#include "search/bound.h"
#include "search/queries.h"
#include "search_reference.h"

// Attacks the certificate of docs/exact-search.md: the interval of every row must hold its score, and a floor
// must let every row pass whose score reaches the threshold, above all the row that is the threshold.
namespace clip4j::search::test {
namespace {

void attack(const Matrix& rows, const Matrix& queries, const char* what) {
  SCOPED_TRACE(what);
  const int32_t dimension = rows.dimension;
  const Segment segment(encode(rows.values.data(), rows.rows, dimension),
                        std::make_shared<MemoryRows>(rows.values.data(), dimension));
  const Codes& codes = segment.codes();
  std::vector<Block> blocks;
  for (int64_t block = 0; block < codes.blocks(); ++block) {
    const int64_t count = std::min<int64_t>(kBlockRows, rows.rows - block * kBlockRows);
    blocks.push_back({static_cast<int32_t>(block), (1U << count) - 1});
  }
  const Kernel& best = kernel(instruction_set());
  std::vector<int32_t> found_rows(codes.blocks() * kBlockRows);
  std::vector<float> products(found_rows.size());
  std::vector<Found::Run> runs(blocks.size());
  for (const Similarity similarity : {Similarity::kCosine, Similarity::kDot}) {
    const CodeView view{codes.values.data(),
                        codes.block_bytes(),
                        static_cast<int32_t>(codes.steps()),
                        codes.scale.data(),
                        codes.error.data(),
                        similarity == Similarity::kDot ? segment.weights() : nullptr,
                        Place::kMemory};
    for (int64_t q = 0; q < queries.rows; ++q) {
      const float* query = queries.row(q);
      if (similarity == Similarity::kCosine && exact_norm(query, dimension) == 0) continue;
      for (const int32_t planes : {1, 2}) {
        Queries packed;
        packed.assign(query, 1, dimension, similarity, planes, best.packing, best.arithmetic);
        const Bound bound = packed.bound(0, segment);
        const auto scan = [&](double threshold) {
          const Floor floor = bound.floor(threshold);
          Found found{found_rows.data(), products.data(), runs.data(), 0, 0};
          best.scan(view, blocks.data(), static_cast<int32_t>(blocks.size()), packed.view(&floor), found);
          return found.row_count;
        };
        ASSERT_EQ(scan(-std::numeric_limits<double>::infinity()), rows.rows);
        std::vector<double> score(rows.rows);
        for (int64_t row = 0; row < rows.rows; ++row) {
          score[row] = defined_score(rows.row(row), query, dimension, similarity);
          const Bound::Interval interval = bound.score(products[row], codes.error[row], codes.norm[row]);
          ASSERT_LE(interval.lower, score[row]) << "row " << row << " planes " << planes;
          ASSERT_GE(interval.upper, score[row]) << "row " << row << " planes " << planes;
          const auto truth = static_cast<double>(true_score(rows.row(row), query, dimension, similarity));
          ASSERT_LE(interval.lower, truth);
          ASSERT_GE(interval.upper, truth);
        }
        for (int64_t row = 0; row < rows.rows; row += 1 + rows.rows / 40) {
          const int32_t count = scan(score[row]);
          std::vector<int32_t> passed(found_rows.begin(), found_rows.begin() + count);
          for (int64_t other = 0; other < rows.rows; ++other) {
            if (score[other] < score[row]) continue;
            ASSERT_TRUE(std::binary_search(passed.begin(), passed.end(), static_cast<int32_t>(other)))
                << "row " << other << " of score " << score[other] << " at threshold " << score[row]
                << " planes " << planes;
          }
        }
      }
    }
  }
}

Matrix with_rows_as_queries(const Matrix& rows, uint32_t seed) {
  Matrix queries = normal(6, rows.dimension, seed);
  for (int64_t i = 0; i < 3; ++i)
    std::copy_n(rows.row(i * (rows.rows - 1) / 2), rows.dimension, queries.row(i));
  return queries;
}

TEST(Bound, HoldsForRandomRows) {
  for (const int32_t dimension : {1, 2, 3, 4, 5, 15, 16, 17, 64, 100, 512}) {
    const Matrix rows = normal(200, dimension, dimension);
    attack(rows, with_rows_as_queries(rows, dimension + 1), "random");
  }
}

TEST(Bound, HoldsForRowsInACone) {
  Matrix rows = normal(300, 48, 1);
  for (int64_t i = 0; i < rows.rows; ++i) rows.row(i)[7] += 30;
  attack(rows, with_rows_as_queries(rows, 2), "cone");
}

// Codes of a row with one large value are 0 for all others: the residual is nearly the row.
TEST(Bound, HoldsForSpikes) {
  Matrix rows = normal(300, 64, 3);
  for (int64_t i = 0; i < rows.rows; ++i) rows.row(i)[i % 64] = i % 2 == 0 ? 1e3F : -1e5F;
  attack(rows, with_rows_as_queries(rows, 4), "spikes");
}

// Values half way between two codes, all rounded the same way, and queries along the residuals: Cauchy and
// Schwarz's worst case.
TEST(Bound, HoldsWhereItIsTight) {
  const int32_t dimension = 64;
  Matrix rows(64, dimension), queries(4, dimension);
  for (int64_t i = 0; i < rows.rows; ++i) {
    for (int32_t j = 0; j < dimension; ++j) {
      const float step = 1.0F / 127, half = (i % 3 == 0 ? 0.5F : 0.4999F) * step;
      rows.row(i)[j] = (i % 2 == 0 ? 1.0F : -1.0F) * (static_cast<float>((i * 7 + j) % 100) * step + half);
    }
    rows.row(i)[i % dimension] = i % 2 == 0 ? 1.0F : -1.0F;
  }
  for (int32_t j = 0; j < dimension; ++j) {
    queries.row(0)[j] = 1;
    queries.row(1)[j] = -1;
    queries.row(2)[j] = j % 2 == 0 ? 1.0F : -1.0F;
    queries.row(3)[j] = (static_cast<float>(j % 20) + 0.5F) / 127;
  }
  attack(rows, queries, "half steps");
}

TEST(Bound, HoldsForDuplicatesAndNearTies) {
  Matrix rows = normal(200, 40, 5);
  for (int64_t i = 1; i < rows.rows; ++i) {
    std::copy_n(rows.row(0), 40, rows.row(i));
    for (int64_t step = 0; step < i % 4; ++step)
      rows.row(i)[i % 40] = std::nextafter(rows.row(i)[i % 40], 9.0F);
  }
  attack(rows, with_rows_as_queries(rows, 6), "near ties");
}

TEST(Bound, HoldsForExtremeAndMixedNorms) {
  for (const float scale : {1e-45F, 1e-40F, 1e-30F, 1.0F, 1e30F, 3e37F}) {
    for (const float other : {1e-44F, 1e-38F, 1e-10F, 1e10F, 1e37F}) {
      Matrix rows = normal(100, 20, 7, scale);
      const Matrix mixed = normal(100, 20, 8, other);
      for (int64_t i = 0; i < rows.rows; i += 3) std::copy_n(mixed.row(i), 20, rows.row(i));
      for (int64_t i = 0; i < rows.rows; i += 11) std::fill_n(rows.row(i), 20, 0.0F);
      attack(rows, with_rows_as_queries(rows, 9), "norms");
    }
  }
  Matrix largest(20, 20);
  std::fill(largest.values.begin(), largest.values.end(), std::numeric_limits<float>::max());
  attack(largest, largest, "largest");
}

TEST(Bound, HoldsForZeroRowsAndQueries) {
  const Matrix zero(40, 12);
  attack(zero, with_rows_as_queries(zero, 10), "zeros");
  Matrix rows = normal(60, 12, 11);
  for (int64_t i = 0; i < 60; i += 2) std::fill_n(rows.row(i), 12, -0.0F);
  attack(rows, with_rows_as_queries(rows, 12), "zeros among others");
}

TEST(Bound, HoldsForCoarseCodes) {
  const Matrix rows = normal(20, 300'000, 13);
  attack(rows, with_rows_as_queries(rows, 14), "coarse");
}

// Most rows must be left in no doubt; otherwise the bound would be right and useless.
TEST(Bound, LeavesFewRowsInDoubt) {
  for (const float cone : {0.0F, 3.0F}) {
    Matrix rows = normal(20000, 256, 15), queries = normal(64, 256, 16);
    for (float& value : rows.values) value += cone;
    for (float& value : queries.values) value += cone;
    const Index index(rows);
    EXPECT_LE(run(index, queries, 10, Similarity::kCosine, instruction_set()).rescored,
              64 * (10 + (cone == 0 ? 20 : 100)));
    Matrix one(1, 256);
    std::copy_n(queries.row(0), 256, one.row(0));
    EXPECT_LE(run(index, one, 10, Similarity::kCosine, instruction_set()).rescored,
              10 + (cone == 0 ? 10 : 50));
  }
}

TEST(Codes, AreTheSameForEqualRowsAndRows) {
  Matrix rows = normal(5000, 37, 17);
  std::copy_n(rows.row(5), 37, rows.row(4321));
  const Codes first = encode(rows.values.data(), 5000, 37), second = encode(rows.values.data(), 5000, 37);
  EXPECT_TRUE(
      std::equal(first.values.data(), first.values.data() + first.values.size(), second.values.data()));
  EXPECT_EQ(first.reach, second.reach);
  for (int32_t i = 0; i < 37; ++i) {
    const auto code = [&](int64_t row) {
      return first.values[row / 16 * first.block_bytes() + i / 4 * 64 + row % 16 * 4 + i % 4];
    };
    EXPECT_EQ(code(5), code(4321));
  }
  EXPECT_EQ(first.error[5], first.error[4321]);
  EXPECT_EQ(first.norm[5], first.norm[4321]);
  // After the last row, and after a row's last value.
  for (int64_t row = 5000; row < first.blocks() * 16; ++row) EXPECT_EQ(first.norm[row], 0);
  for (int64_t row = 0; row < 16; ++row) EXPECT_EQ(first.values[9 * 64 + row * 4 + 3], 128);
}

}  // namespace
}  // namespace clip4j::search::test
