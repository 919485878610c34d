#include <atomic>
#include <thread>

#include "base/error.h"
#include "cuda/loader.h"
#include "cuda_emulator.h"
#include "emulated_gpu_fixture.h"
#include "search/gpu/index.h"
#include "search_reference.h"

// Searches on a GPU, whose kernels run here as cuda_emulator.h does it, against the naive search: all but the
// launch.
namespace clip4j::search::test {
namespace {

using cuda::Instruction;
using cuda::test::emulated_library;
using cuda::test::OnEmulatedGpu;
using cuda::test::settings;

// So many queries that wgmma multiplies: the same ones again and again.
constexpr int64_t kManyQueries = 70;

Matrix repeated(const Matrix& queries) {
  Matrix many(std::max(queries.rows, kManyQueries), queries.dimension);
  for (int64_t q = 0; q < many.rows; ++q) {
    std::copy_n(queries.row(q % queries.rows), queries.dimension, many.row(q));
  }
  return many;
}

// The hits of so many queries, which are those of these again and again.
Hits repeated(const Hits& few, int64_t count) {
  Hits many;
  many.offset.push_back(0);
  for (int64_t q = 0; q < count; ++q) {
    const auto of_few = static_cast<size_t>(q) % (few.offset.size() - 1);
    const int64_t begin = few.offset[of_few], end = few.offset[of_few + 1];
    many.row.insert(many.row.end(), few.row.begin() + begin, few.row.begin() + end);
    many.score.insert(many.score.end(), few.score.begin() + begin, few.score.begin() + end);
    many.offset.push_back(std::ssize(many.row));
  }
  return many;
}

// Every search by mma, and by wgmma.
class Gpu : public OnEmulatedGpu<testing::TestWithParam<Instruction>> {
 protected:
  static bool by_wgmma() { return GetParam() == Instruction::kWgmma; }

  static GpuIndex copy(const Index& index, int32_t dimension, int64_t most_bytes = -1) {
    return GpuIndex(emulated_library(), 0, GetParam(), dimension, index.views(), most_bytes);
  }

  static Hits search(const Index& index, const Matrix& queries, const Request& request,
                     int64_t most_bytes = -1) {
    const GpuIndex gpu = copy(index, queries.dimension, most_bytes);
    Hits hits;
    gpu.search(index.views(), queries.values.data(), queries.rows, request, kernel(instruction_set()), hits);
    return hits;
  }

  static void check(const Matrix& rows, const Matrix& few, const Request& asked, int32_t segments = 1,
                    const std::vector<uint64_t>* allowed = nullptr, int64_t most_bytes = -1) {
    const Matrix queries = by_wgmma() ? repeated(few) : few;
    Request request = asked;
    std::vector<int64_t> ks;
    if (request.k.size() > 1) {
      for (int64_t q = 0; q < queries.rows; ++q) ks.push_back(asked.k[q % few.rows]);
      request.k = ks;
    }
    SCOPED_TRACE("n=" + std::to_string(rows.rows) + " d=" + std::to_string(rows.dimension) +
                 " queries=" + std::to_string(queries.rows) + " k=" + std::to_string(request.k[0]) +
                 " segments=" + std::to_string(segments) +
                 (request.similarity == Similarity::kDot ? " dot" : " cosine"));
    const Hits expected = repeated(naive(rows, few, asked, allowed), queries.rows);
    const Index index(rows, segments, allowed);
    const Hits hits = search(index, queries, request, most_bytes);
    ASSERT_EQ(hits.offset, expected.offset);
    ASSERT_EQ(hits.row, expected.row);
    ASSERT_EQ(hits.score, expected.score);
  }
  static void check(const Matrix& rows, const Matrix& queries, int64_t k, Similarity similarity,
                    int32_t segments = 1) {
    check(rows, queries, {.k = {&k, 1}, .similarity = similarity}, segments);
  }
};

TEST_P(Gpu, FindsWhatTheNaiveSearchFinds) {
  for (const Similarity similarity : {Similarity::kCosine, Similarity::kDot}) {
    for (const int32_t dimension : {1, 32, 33, 100}) {
      for (const int64_t n : {1, 16, 255, 257}) {
        const Matrix rows = normal(n, dimension, 1), queries = normal(3, dimension, 2);
        check(rows, queries, 5, similarity);
      }
    }
  }
}

// Every width of a thread block's columns, one plane and two, several groups of columns.
TEST_P(Gpu, AnyNumberOfQueries) {
  const Matrix rows = normal(300, 40, 3);
  for (const int64_t count : {1, 5, 9, 33, 65, 260, 1030}) {  // several groups, several batches
    check(rows, normal(count, 40, 4), 3, Similarity::kCosine);
    if (count < 10) check(rows, normal(count, 40, 5), 3, Similarity::kDot, 3);
  }
}

// More rows than a query's list has room for: rounds, and thresholds that the GPU raises between them.
TEST_P(Gpu, ThresholdsRiseBetweenRounds) {
  const Matrix rows = normal(40000, 16, 6), queries = normal(3, 16, 7);
  for (const int64_t k : {1, 10, 100}) check(rows, queries, k, Similarity::kCosine, 2);
  EXPECT_GT(settings().scans, 3);
  check(rows, queries, 10, Similarity::kDot);
}

TEST_P(Gpu, ManyHits) {
  const Matrix rows = normal(20000, 8, 8), queries = normal(2, 8, 9);
  for (const int64_t k : {1000, 1024}) check(rows, queries, k, Similarity::kCosine);
}

TEST_P(Gpu, MoreHitsThanItIsMadeForAreTheCpus) {
  const Matrix rows = normal(3000, 8, 10), queries = normal(2, 8, 11);
  check(rows, queries, 1025, Similarity::kCosine);
  const int64_t all = kAllRows;
  check(rows, queries, {.k = {&all, 1}, .minimum_score = 0.5});
  EXPECT_EQ(settings().scans, 0);
}

// The best rows come last, more than a list has room for: it overflows, and a second pass, which knows the
// thresholds, finds everything.
TEST_P(Gpu, RowsInTheWorstOrder) {
  const Matrix queries = normal(2, 8, 12);
  Matrix rows(70000, 8);
  const Matrix noise = normal(70000, 8, 13, 0.3F);
  for (int64_t i = 0; i < rows.rows; ++i) {
    const float along = i < 35000 ? 1 : -1;  // the index gives its later segment first
    for (int32_t j = 0; j < 8; ++j) rows.row(i)[j] = noise.row(i)[j] + along * queries.row(0)[j];
  }
  check(rows, queries, 20, Similarity::kCosine, 2);
  const int64_t scans = settings().scans;
  // In another order one pass is enough.
  std::mt19937 random(31);
  for (int64_t i = rows.rows - 1; i > 0; --i) {
    const auto other = static_cast<int64_t>(random() % static_cast<uint32_t>(i + 1));
    if (other != i) std::swap_ranges(rows.row(i), rows.row(i) + 8, rows.row(other));
  }
  settings().scans = 0;
  check(rows, queries, 20, Similarity::kCosine, 2);
  EXPECT_EQ(scans, 2 * settings().scans);
}

// Neither pass has room for 30,000 equal rows: the CPU settles it.
TEST_P(Gpu, MoreTiesThanThereIsRoomFor) {
  Matrix rows = normal(40000, 8, 14);
  for (int64_t i = 0; i < 30000; ++i) std::copy_n(rows.row(35000), 8, rows.row(i));
  Matrix queries = normal(2, 8, 15);
  std::copy_n(rows.row(35000), 8, queries.row(0));
  check(rows, queries, 10, Similarity::kCosine);
}

TEST_P(Gpu, FiltersMinimumsAndOneKAQuery) {
  const Matrix rows = normal(2000, 24, 16), queries = normal(4, 24, 17);
  std::vector<uint64_t> allowed((2000 + 63) / 64);
  for (int64_t row = 0; row < 2000; row += 7) allowed[row / 64] |= uint64_t{1} << (row % 64);
  const std::vector<int64_t> k{1, 9, 300, 2000 / 7};
  for (const int32_t segments : {1, 7}) {
    check(rows, queries, {.k = k}, segments, &allowed);
    check(rows, queries, {.k = k, .minimum_score = 0.2}, segments);
    check(rows, queries, {.k = k, .minimum_score = 2}, segments);
    check(rows, queries, {.k = k, .minimum_score = -1, .similarity = Similarity::kDot}, segments, &allowed);
  }
}

TEST_P(Gpu, ExtremeValues) {
  Matrix rows = normal(600, 20, 18);
  const float factors[] = {0, 1e-38F, 1e-44F, 1, 1e18F, 1e-20F};
  for (int64_t i = 0; i < rows.rows; ++i) {
    for (int32_t j = 0; j < 20; ++j) rows.row(i)[j] *= factors[i % 6];
  }
  Matrix queries = normal(3, 20, 19);
  for (int32_t j = 0; j < 20; ++j) queries.row(1)[j] *= 1e-40F, queries.row(2)[j] *= 1e18F;
  for (const int64_t k : {1, 50, 599}) {
    check(rows, queries, k, Similarity::kCosine);
    check(rows, queries, k, Similarity::kDot, 3);
  }
}

// Codes that do not fit wait in pinned memory and are copied at each search; the CPU scores rows that do not.
TEST_P(Gpu, RowsBeyondItsMemory) {
  const Matrix rows = normal(3000, 32, 20), queries = normal(3, 32, 21);
  const int64_t k = 7, some = 1500 * 52, codes_and_some = 3200 * 52 + 1500 * 128;
  for (const int64_t most : {int64_t{0}, some, codes_and_some}) {
    check(rows, queries, {.k = {&k, 1}}, 1, nullptr, most);
    check(rows, queries, {.k = {&k, 1}, .similarity = Similarity::kDot}, 3, nullptr, most);
  }
  const Index index(rows);
  const GpuIndex gpu = copy(index, rows.dimension, some);
  EXPECT_GT(gpu.resident_bytes(), 0);
  EXPECT_LE(gpu.resident_bytes(), some);
  EXPECT_GT(gpu.pinned_bytes(), 0);
}

TEST_P(Gpu, AThreadBlocksMemoryLimitsTheColumns) {
  const Matrix rows = normal(300, 700, 22), queries = normal(70, 700, 23);
  settings().shared_bytes = 48 << 10;
  check(rows, queries, 4, Similarity::kCosine);
  // Half the columns that wgmma has registers for: two groups of thread blocks.
  settings().shared_bytes = 42 << 10;
  check(normal(300, 40, 32), normal(260, 40, 33), 4, Similarity::kCosine);
  EXPECT_EQ(settings().wgmma_scans > 0, by_wgmma());
  settings().shared_bytes = 32 << 10;
  const Index index(rows);
  EXPECT_THROW(copy(index, rows.dimension), Error);
}

TEST_P(Gpu, AFailureOfAnyCallIsAnErrorAndLosesNoMemory) {
  const Matrix rows = normal(600, 16, 24), two = normal(2, 16, 25),
               queries = by_wgmma() ? repeated(two) : two;
  const Index index(rows);
  const int64_t k = 3, live = live_bytes;
  int32_t failures = 0;
  for (int32_t after = 0;; ++after) {
    settings().fail_after = after;
    try {
      search(index, queries, {.k = {&k, 1}});
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), CLIP4J_OUT_OF_MEMORY);
      EXPECT_EQ(settings().allocated, 0);
      ++failures;
      continue;
    }
    break;
  }
  EXPECT_GT(failures, 10);
  settings().fail_after = 30;  // in one batch of several
  EXPECT_THROW(search(index, normal(520, 16, 34), {.k = {&k, 1}}), Error);
  EXPECT_EQ(live_bytes, live);
}

TEST_P(Gpu, ManyThreads) {
  const Matrix rows = normal(500, 16, 26), four = normal(4, 16, 27),
               queries = by_wgmma() ? repeated(four) : four;
  const Index index(rows);
  const GpuIndex gpu = copy(index, rows.dimension);
  const int64_t k = 5;
  const Hits expected = naive(rows, queries, {.k = {&k, 1}});
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      Hits hits;
      for (int i = 0; i < 3; ++i) {
        gpu.search(index.views(), queries.values.data(), queries.rows, {.k = {&k, 1}},
                   kernel(instruction_set()), hits);
        if (hits.row != expected.row || hits.score != expected.score) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_P(Gpu, WrongArguments) {
  const Matrix rows = normal(10, 4, 28);
  const Index index(rows);
  EXPECT_THROW(GpuIndex(emulated_library(), 1, GetParam(), 4, index.views(), -1), Error);
  const Matrix zero(1, 4);
  const int64_t k = 1, none = 0;
  EXPECT_THROW(search(index, zero, {.k = {&k, 1}}), Error);
  EXPECT_THROW(search(index, rows, {.k = {&none, 1}}), Error);
  EXPECT_THROW(cuda::load("/no/such/library.so"), Error);
}

INSTANTIATE_TEST_SUITE_P(By, Gpu, testing::Values(Instruction::kMma, Instruction::kWgmma),
                         [](const auto& by) { return by.param == Instruction::kMma ? "mma" : "wgmma"; });

}  // namespace
}  // namespace clip4j::search::test
