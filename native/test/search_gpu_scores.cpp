#include <atomic>

#include "emulated_gpu_fixture.h"
#include "search/gpu/index.h"
#include "search_reference.h"

// Which rows a GPU scores itself, and that it does.
namespace clip4j::search::test {
namespace {

using cuda::test::emulated_library;
using cuda::test::OnEmulatedGpu;
using cuda::test::settings;

constexpr int32_t kDimension = 45;
constexpr int64_t kRowBytes = 48 * sizeof(float);  // up to a multiple of eight values
constexpr int64_t kRows = 1500;

// Rows that count how often they are read.
class CountingRows final : public RowSource {
 public:
  explicit CountingRows(const Matrix& rows) : rows_(rows) {}
  const float* row(int64_t i, float*) const override {
    ++reads;
    return rows_.row(i);
  }
  mutable std::atomic<int64_t> reads{0};

 private:
  const Matrix& rows_;
};

class GpuScores : public OnEmulatedGpu<testing::TestWithParam<Similarity>> {
 protected:
  // Searches with `values` bytes of the GPU's memory for float32 values; checks the hits and returns how many
  // rows the CPU has read.
  int64_t reads(int64_t values, const Matrix& queries, int64_t k) {
    const Request request{.k = {&k, 1}, .similarity = GetParam()};
    const int64_t codes = GpuPieceLayout(divide_up(kRows, cuda::kTileRows), kDimension).bytes();
    const GpuIndex gpu(emulated_library(), 0, cuda::Instruction::kMma, kDimension, {&view_, 1},
                       codes + values);
    EXPECT_LE(gpu.resident_bytes(), codes + values);
    EXPECT_EQ(gpu.pinned_bytes(), 0);
    source_->reads = 0;
    settings().uploaded = 0;
    Hits hits;
    gpu.search({&view_, 1}, queries.values.data(), queries.rows, request, kernel(instruction_set()), hits);
    const Hits expected = naive(rows_, queries, request);
    EXPECT_EQ(hits.row, expected.row);
    EXPECT_EQ(hits.score, expected.score);
    EXPECT_GE(hits.rescored, static_cast<int64_t>(hits.row.size()));
    return source_->reads;
  }

  const Matrix rows_ = normal(kRows, kDimension, 1);
  const std::shared_ptr<CountingRows> source_ = std::make_shared<CountingRows>(rows_);
  const Segment segment_{encode(rows_.values.data(), kRows, kDimension), source_};
  const SegmentView view_{&segment_, nullptr, 0};
};

TEST_P(GpuScores, TheCpuReadsOnlyRowsThatTheGpuHasNoRoomFor) {
  const Matrix queries = normal(40, kDimension, 2);  // one plane: many rows in doubt
  const int64_t all = reads(0, queries, 10);
  EXPECT_GT(all, 400);
  const int64_t half = reads(kRows / 2 * kRowBytes, queries, 10);
  EXPECT_GT(half, 0);
  EXPECT_LT(half, all);
  EXPECT_LE(reads(kRows * kRowBytes - 1, queries, 1024), 40);  // one row, of each query
  EXPECT_EQ(reads(kRows * kRowBytes, queries, 10), 0);
}

TEST_P(GpuScores, OfFewAndManyHits) {
  for (const int64_t k : {1, 200, 1024}) EXPECT_EQ(reads(1 << 20, normal(3, kDimension, 3), k), 0);
}

TEST_P(GpuScores, QueriesValuesAreUploadedOnlyWhereItHasRows) {
  const Matrix queries = normal(3, kDimension, 4);
  reads(0, queries, 10);
  const int64_t without = settings().uploaded;
  reads(kRowBytes, queries, 10);
  EXPECT_GE(settings().uploaded, without + queries.rows * kRowBytes);
}

INSTANTIATE_TEST_SUITE_P(Of, GpuScores, testing::Values(Similarity::kCosine, Similarity::kDot),
                         [](const auto& of) { return of.param == Similarity::kCosine ? "cosine" : "dot"; });

}  // namespace
}  // namespace clip4j::search::test
