#include <algorithm>
#include <cstring>

#include "search_reference.h"

namespace clip4j::search::test {
namespace {

class Kernels : public testing::TestWithParam<InstructionSet> {};

INSTANTIATE_TEST_SUITE_P(All, Kernels, testing::ValuesIn(runnable()),
                         [](const auto& set) { return std::string(name(set.param)); });

// Codes, and queries packed for a kernel, from random bytes.
struct Problem {
  Problem(int32_t block_count, int32_t steps, int32_t query_count, int32_t planes, uint32_t seed)
      : steps(steps),
        query_count(query_count),
        planes(planes),
        random(seed),
        values(block_count * steps * kStepBytes),
        scale(block_count * kBlockRows),
        error(scale.size()),
        weight(scale.size()) {
    for (int64_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint8_t>(1 + random() % 255);
    std::uniform_real_distribution<float> positive(0.1F, 1);
    for (auto* array : {&scale, &error, &weight}) {
      for (int64_t i = 0; i < array->size(); ++i) (*array)[i] = positive(random);
    }
    for (int32_t block = 0; block < block_count; ++block) {
      if (random() % (seed % 5 == 0 ? 16 : 4) != 0)
        blocks.push_back({block, static_cast<uint32_t>(random() % 3 == 0 ? random() & 0xFFFF : 0xFFFF)});
    }
    for (int32_t column = 0; column < query_count * planes; ++column) {
      columns.emplace_back(steps * kStepValues);
      int32_t sum = 0;
      for (int8_t& code : columns.back()) {
        code = static_cast<int8_t>(column % planes == 0 ? static_cast<int>(random() % 255) - 127
                                                        : static_cast<int>(random() % 256) - 128);
        sum += code;
      }
      start.push_back(-128 * sum);
    }
    floors.resize(query_count);
  }

  // Sum of the products of a row's codes and a query's, in the units of the lowest plane.
  int64_t sum(int32_t row, int32_t query) const {
    int64_t total = 0;
    for (int32_t i = 0; i < steps * kStepValues; ++i) {
      const int64_t at = (static_cast<int64_t>(row / kBlockRows) * steps + i / kStepValues) * kStepBytes +
                         row % kBlockRows * kStepValues + i % kStepValues;
      const int64_t upper = columns[query * planes][i];
      const int64_t code = planes == 1 ? upper : 256 * upper + columns[query * planes + 1][i];
      total += (values[at] - 128) * code;
    }
    return total;
  }

  struct Result {
    std::vector<int32_t> queries, rows;
    std::vector<float> products;
  };

  Result scan(const Kernel& kernel, bool weighted, Place place) const {
    const auto count = static_cast<int32_t>(columns.size());
    Array<uint8_t> packed(kernel.packing.packed_bytes(count, steps));
    // What a kernel pads with, it writes itself.
    std::fill_n(packed.data(), packed.size(), 0xA5);
    for (int32_t column = 0; column < count; ++column) {
      const int32_t first = column / kernel.packing.columns * kernel.packing.columns;
      kernel.packing.pack(columns[column].data(), steps, column - first,
                          std::min(kernel.packing.columns, count - first),
                          packed.data() + kernel.packing.packed_bytes(first, steps));
    }
    const size_t most = blocks.size() * query_count;
    std::vector<int32_t> rows(most * kBlockRows + 1, -7);
    std::vector<float> products(most * kBlockRows + 1, -7);
    std::vector<Found::Run> runs(most + 1, {-7, -7});
    Found found{rows.data(), products.data(), runs.data(), 0, 0};
    kernel.scan({values.data(), int64_t{steps} * kStepBytes, steps, scale.data(), error.data(),
                 weighted ? weight.data() : nullptr, place},
                blocks.data(), static_cast<int32_t>(blocks.size()),
                {packed.data(), start.data(), floors.data(), query_count, planes}, found);
    EXPECT_EQ(rows[found.row_count], -7) << "written past what was found";
    EXPECT_EQ(runs[found.run_count].count, -7);
    Result result;
    for (int32_t run = 0, at = 0; run < found.run_count; ++run) {
      EXPECT_GT(runs[run].count, 0);
      for (int32_t i = 0; i < runs[run].count; ++i, ++at) {
        result.queries.push_back(runs[run].query);
        result.rows.push_back(rows[at]);
        result.products.push_back(products[at]);
      }
    }
    EXPECT_EQ(static_cast<int32_t>(result.rows.size()), found.row_count);
    return result;
  }

  int32_t steps, query_count, planes;
  std::mt19937 random;
  Array<uint8_t> values;
  Array<float> scale, error, weight;
  std::vector<Block> blocks;
  std::vector<std::vector<int8_t>> columns;
  std::vector<int32_t> start;
  std::vector<Floor> floors;
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr Place kPlaces[] = {Place::kCache, Place::kSharedCache, Place::kMemory};

TEST_P(Kernels, SumsAreExact) {
  for (const int32_t steps : {1, 2, 3, 16, 128}) {
    for (int32_t query_count = 1; query_count <= 26; ++query_count) {
      for (const int32_t planes : {1, 2}) {
        Problem problem(9, steps, query_count, planes, steps * 100 + query_count);
        std::fill_n(problem.scale.data(), problem.scale.size(), 1.0F);
        std::fill(problem.floors.begin(), problem.floors.end(), Floor{-kInfinity, 0, 1});
        const auto result = problem.scan(kernel(GetParam()), true, kPlaces[query_count % 3]);
        size_t allowed = 0;
        for (const Block& block : problem.blocks) allowed += __builtin_popcount(block.allowed);
        ASSERT_EQ(result.rows.size(), allowed * query_count);
        for (size_t i = 0; i < result.rows.size(); ++i) {
          const auto sum = static_cast<double>(problem.sum(result.rows[i], result.queries[i]));
          // Exact but for float's own rounding, which nothing but sums of two planes needs here.
          ASSERT_NEAR(result.products[i], sum,
                      planes == 1 ? 0 : std::abs(sum) * 0x1p-22 + 0x1p-24 * 127 * 256 * 127 * 4 * steps)
              << "steps " << steps << " queries " << query_count << " planes " << planes;
        }
      }
    }
  }
}

TEST_P(Kernels, FindWhatTheScalarOneFinds) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    const uint32_t most_queries =
        seed % 10 == 0 ? 97 : 29;  // the former fill more packs than a tile has blocks
    Problem problem(1 + seed % 23, 1 + seed % 40, 1 + seed % most_queries, 1 + seed % 2, seed);
    std::normal_distribution<float> normal(0, 1e4F);
    for (Floor& floor : problem.floors)
      floor = {normal(problem.random), normal(problem.random), 1 + seed % 7 * 300.0F};
    problem.floors[seed % problem.query_count].threshold = std::numeric_limits<float>::quiet_NaN();
    if (seed % 3 == 0) problem.floors[seed % 5 % problem.query_count].threshold = kInfinity;
    const bool weighted = seed % 4 != 0;
    const auto expected = problem.scan(scalar_kernel, weighted, Place::kCache);
    // Kernels differ in their order of queries and blocks, not in what they find.
    const auto sorted = [](const Problem::Result& found) {
      std::vector<std::tuple<int32_t, int32_t, float>> all;
      for (size_t i = 0; i < found.rows.size(); ++i) {
        all.emplace_back(found.queries[i], found.rows[i], found.products[i]);
      }
      std::sort(all.begin(), all.end());
      return all;
    };
    for (const Place place : kPlaces) {
      const auto result = problem.scan(kernel(GetParam()), weighted, place);
      ASSERT_EQ(sorted(result), sorted(expected)) << "seed " << seed << " place " << static_cast<int>(place);
    }
  }
}

// The largest sums that fit, on the way to which others do not.
TEST_P(Kernels, SumsMayWrapAroundOnTheWay) {
  const int32_t steps = 33000;
  for (const int code : {127, -127}) {
    Problem problem(1, steps, 1, 1, 1);
    problem.blocks = {{0, 0xFFFF}};
    std::fill_n(problem.scale.data(), kBlockRows, 1.0F);
    std::fill_n(problem.values.data(), problem.values.size(), 255);
    std::fill(problem.columns[0].begin(), problem.columns[0].end(), static_cast<int8_t>(code));
    problem.start[0] = static_cast<int32_t>(static_cast<uint32_t>(-128LL * code * steps * kStepValues));
    problem.floors[0] = {-kInfinity, 0, 1};
    const auto result = problem.scan(kernel(GetParam()), false, code > 0 ? Place::kCache : Place::kMemory);
    ASSERT_EQ(result.rows.size(), 16u);
    for (const float product : result.products)
      EXPECT_EQ(product, static_cast<float>(127LL * code * steps * kStepValues));
  }
}

#if defined(__x86_64__)
TEST(AmxKernel, LeavesNoTilesBehind) {
  if (runnable().back() != InstructionSet::kAmx) GTEST_SKIP() << "neither AMX nor what its emulator needs";
  const auto palette = [] {
    struct {
      uint8_t bytes[64];
    } configuration;
    asm volatile("sttilecfg %0" : "=m"(configuration));
    return configuration.bytes[0];
  };
  Problem problem(3, 17, 5, 2, 1);
  problem.scan(kernel(InstructionSet::kAmx), false, Place::kMemory);
  EXPECT_EQ(palette(), 0);
}
#endif

TEST_P(Kernels, DotIsExactDotToTheBit) {
  for (int32_t dimension = 1; dimension < 130; ++dimension) {
    for (const float scale : {1e-42F, 1e-20F, 1.0F, 1e30F}) {
      const Matrix a = normal(1, dimension, dimension, scale), b = normal(1, dimension, dimension + 1000);
      const double dot = kernel(GetParam()).arithmetic.dot(a.values.data(), b.values.data(), dimension);
      const double expected = exact_dot(a.values.data(), b.values.data(), dimension);
      ASSERT_EQ(std::memcmp(&dot, &expected, sizeof(dot)), 0) << dimension << " " << dot << " " << expected;
      const double norms =
          static_cast<double>(true_norm(a.row(0), dimension) * true_norm(b.row(0), dimension));
      ASSERT_NEAR(dot, static_cast<double>(true_dot(a.row(0), b.row(0), dimension)),
                  norms * dimension * 0x1p-52);
    }
  }
}

}  // namespace
}  // namespace clip4j::search::test
