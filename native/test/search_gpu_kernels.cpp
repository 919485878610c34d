#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "cuda/topk_mma.h"
#include "cuda/topk_wgmma.h"
#include "cuda_emulator.h"
#include "emulated_gpu_fixture.h"
#include "search/gpu/layout.h"
#include "search/gpu/trial.h"
#include "search_reference.h"

// What multiplies in a scan on a GPU, and which of the two it is.
namespace clip4j::search::test {
namespace {

using cuda::Instruction;
using cuda::test::emulated_library;
using cuda::test::OnEmulatedGpu;
using cuda::test::settings;

// 256 rows, a tile of a thread block, and some columns, all random: their sums of products by `Products`, and
// those that there should be.
template <typename Products>
void check_products(int32_t dimension) {
  constexpr int32_t columns = Products::kTiles * cuda::kColumns;
  const Matrix rows = normal(cuda::kTileRows, dimension, 29);
  const Codes codes = encode(rows.values.data(), rows.rows, dimension);
  const int32_t chunks = cuda::chunks(dimension);
  std::vector<cuda::RowPart> packed_rows(cuda::row_part(codes.blocks(), 0, 0, chunks));
  pack_rows(codes, 0, codes.blocks(), packed_rows.data());

  const auto steps = static_cast<int32_t>(codes.steps());
  std::vector<std::vector<int8_t>> queries(columns, std::vector<int8_t>(steps * kStepValues));
  std::mt19937 random(30);
  std::vector<cuda::QueryPart> packed_queries(gpu_packing.packed_bytes(columns, steps) /
                                              sizeof(cuda::QueryPart));
  for (int32_t c = 0; c < columns; ++c) {
    for (auto& code : queries[c]) code = static_cast<int8_t>(random());
    const int32_t tile = c / cuda::kColumns;
    gpu_packing.pack(queries[c].data(), steps, c % cuda::kColumns, cuda::kColumns,
                     reinterpret_cast<uint8_t*>(&packed_queries[cuda::query_part(tile, 0, 0, chunks)]));
  }

  cuda::Scan scan{};
  scan.rows.codes = packed_rows.data();
  scan.tiles = scan.all_tiles = scan.stride = 1;
  scan.chunks = chunks;
  std::vector<int32_t> sums(rows.rows * columns, -1);
  cuda::test::emulate(1, cuda::shared_bytes(Products::kTiles, chunks), [&](cuda::test::Emulated& machine) {
    Products products(machine, machine.shared());
    for (auto i = machine.thread(); i < static_cast<int32_t>(packed_queries.size()); i += cuda::kThreads) {
      products.write(i, packed_queries[i]);
    }
    products.written();
    machine.sync();
    constexpr int32_t blocks = Products::kBlocks;
    cuda::Walk<blocks> walk(scan, machine.thread() / cuda::kLanes, 0, 1);
    cuda::RowStream<blocks, cuda::test::Emulated> stream(
        scan, machine, walk,
        reinterpret_cast<cuda::RowPart*>(machine.shared() + packed_queries.size() * sizeof(cuda::QueryPart)));
    stream.start();
    const int32_t lane = machine.thread() % cuda::kLanes;
    for (; !walk.done(); walk.advance()) {
      typename Products::Sums mine;
      products.multiply(stream, chunks, mine);
      for (int32_t b = 0; b < blocks; ++b) {
        for (int32_t t = 0; t < Products::kTiles; ++t) {
          for (int32_t i = 0; i < 4; ++i) {
            const int64_t row = (walk.block() + b) * kBlockRows + cuda::sum_row(lane, i);
            sums[row * columns + t * cuda::kColumns + cuda::sum_column(lane, i)] = mine[b][t][i];
          }
        }
      }
    }
  });
  for (int32_t row = 0; row < rows.rows; ++row) {
    for (int32_t c = 0; c < columns; ++c) {
      int32_t expected = 0;
      for (int32_t j = 0; j < dimension; ++j) {
        const uint8_t code = codes.values[row / kBlockRows * codes.block_bytes() + j / 4 * kStepBytes +
                                          row % kBlockRows * kStepValues + j % 4];
        expected += (code - 128) * queries[c][j];
      }
      ASSERT_EQ(sums[row * columns + c], expected) << "row " << row << ", column " << c;
    }
  }
}

TEST(GpuProducts, AreTheSumsOfProductsOfCodes) {
  for (const int32_t dimension : {1, 32, 70, 128}) {
    check_products<cuda::Mma<1, cuda::test::Emulated>>(dimension);
    check_products<cuda::Mma<16, cuda::test::Emulated>>(dimension);
    check_products<cuda::Wgmma<16, cuda::test::Emulated>>(dimension);
    check_products<cuda::Wgmma<32, cuda::test::Emulated>>(dimension);
  }
}

class GpuTrial : public OnEmulatedGpu<testing::Test> {
 protected:
  void TearDown() override {
    unsetenv("CLIP4J_GPU");
    OnEmulatedGpu::TearDown();
  }

  GpuChoice choose() { return trials_.choose(emulated_library(), 0); }

 private:
  GpuTrials trials_;
};

TEST_F(GpuTrial, TakesWgmmaWhereItFindsWhatTheCpuFinds) {
  settings().instruction = Instruction::kWgmma;
  const GpuChoice choice = choose();
  EXPECT_EQ(choice.instruction, Instruction::kWgmma);
  EXPECT_FALSE(choice.refused);
  EXPECT_GT(settings().wgmma_scans, 1);
}

TEST_F(GpuTrial, RefusesWgmmaThatIsWrong) {
  settings().instruction = Instruction::kWgmma;
  settings().wgmma_is_wrong = true;
  for (const int again : {0, 1}) {
    const GpuChoice choice = choose();
    EXPECT_EQ(choice.instruction, Instruction::kMma);
    EXPECT_TRUE(choice.refused);
    EXPECT_EQ(settings().scans == 0, again == 1);  // it remembers
    settings().scans = 0;
  }
}

TEST_F(GpuTrial, IsOneForManyThreads) {
  settings().instruction = Instruction::kWgmma;
  GpuTrials().choose(emulated_library(), 0);
  const int64_t once = settings().scans;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(choose().instruction, Instruction::kWgmma); });
  }
  threads.clear();
  EXPECT_EQ(settings().scans, 2 * once);
}

TEST_F(GpuTrial, IsRepeatedWhereItFailed) {
  settings().instruction = Instruction::kWgmma;
  settings().fail_after = 20;
  EXPECT_THROW(choose(), Error);
  EXPECT_EQ(settings().fail_after, -1);
  EXPECT_EQ(choose().instruction, Instruction::kWgmma);
}

TEST_F(GpuTrial, TriesNothingWhereThereIsNoWgmmaOrItIsNotWanted) {
  EXPECT_EQ(choose().instruction, Instruction::kMma);
  settings().instruction = Instruction::kWgmma;
  setenv("CLIP4J_GPU", "mma", 1);
  const GpuChoice choice = choose();
  EXPECT_EQ(choice.instruction, Instruction::kMma);
  EXPECT_FALSE(choice.refused);
  EXPECT_EQ(settings().scans, 0);
}

}  // namespace
}  // namespace clip4j::search::test
