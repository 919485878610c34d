#include <unistd.h>

#include "store_model.h"
#include "store_testing.h"

// What float32 rows may take of memory.
namespace clip4j::store::test {
namespace {

TEST(RowMemory, LeavesRowsInFilesWhereItIsTooSmall) {
  const std::shared_ptr<Disk> disk = Disk::make();
  const Schema wide{1 << 16, IdKind::kNone, ""};
  const std::unique_ptr<Index> index = Index::create(disk->folder(), wide, {1 << 20});
  std::mt19937 random(1);
  Model model{wide, {}};
  for (int batch = 0; batch < 3; ++batch) {
    std::vector<Entry> entries;
    for (int i = 0; i < 5; ++i) entries.push_back({"", random_row(random, wide.dimension)});
    add(*index, entries);
    model.add(entries);
    EXPECT_LE(index->use().rows, 1 << 20);
  }
  expect_equal(*index, model);
  EXPECT_EQ(index->use().rows, 0);
}

TEST(RowMemory, IsGivenBack) {
  const std::shared_ptr<Disk> disk = Disk::make();
  const Schema wide{1 << 18, IdKind::kString, ""};
  const std::unique_ptr<Index> index = Index::create(disk->folder(), wide, {4 << 20});
  for (int round = 0; round < 10; ++round) {
    const std::vector<float> row(wide.dimension, 1.0F);  // a MiB
    add(*index, {{"a", row}, {"b", row}});               // instead of those before
    index->snapshot()->warm();
    EXPECT_EQ(index->use().rows, 2 << 20) << round;
  }
}

TEST(RowMemory, IsAQuarterOfTheMachinesAtMost) {
  EXPECT_GT(default_row_memory(), 0);
  EXPECT_LE(default_row_memory(), sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 4);
}

}  // namespace
}  // namespace clip4j::store::test
