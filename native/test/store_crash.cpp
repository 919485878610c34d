#include "store/verify.h"
#include "store_model.h"
#include "store_testing.h"

// Power that goes, and calls that fail, at every single call that the store makes of the file system.
namespace clip4j::store::test {
namespace {

const Options kNoRowMemory{0};

// A life of an index: every way of writing, with what must be there after each commit.
class Life {
 public:
  explicit Life(std::shared_ptr<Disk> disk, int32_t dimension = 3) : disk_(std::move(disk)) {
    model_.schema = {dimension, IdKind::kString, "model"};
  }

  // The states that were acknowledged, and the one that a commit was at work on, if it was.
  std::vector<Model> acknowledged;
  std::optional<Model> pending;

  // Runs until the power goes. Other failures are gone through: what failed is tried again, once.
  void run(int adds) {
    with_retry([&] {
      pending = model_;
      // It may be there, where its last sync failed.
      index_ = has_manifest(disk_->folder()->list())
                   ? Index::open(disk_->folder(), Access::kWrite, kNoRowMemory)
                   : Index::create(disk_->folder(), model_.schema, kNoRowMemory);
      acknowledge();
    });
    for (int i = 0; i < adds; ++i) {
      add({text("id", i), text("again", i % 3)});
      if (i % 4 == 3) remove({text("id", i - 2), text("id", i - 1)});
      if (i % 2 == 1) commit();
      if (i % 5 == 4) reopen();
    }
    commit();
  }

  const Index& index() const { return *index_; }
  const Model& model() const { return model_; }

 private:
  template <typename Body>
  void with_retry(const Body& body) {
    try {
      body();
    } catch (const Error&) {
      if (index_ != nullptr) expect_equal(*index_, model_);  // nothing has changed
      body();
    }
  }

  void add(const std::vector<std::string>& ids) {
    std::vector<Entry> entries;
    for (const std::string& id : ids) entries.push_back({id, random_row(random_, model_.schema.dimension)});
    with_retry([&] { test::add(*index_, entries); });
    model_.add(entries);
  }

  void remove(const std::vector<std::string>& ids) {
    with_retry([&] { test::remove(*index_, ids); });
    model_.remove(ids);
  }

  void commit() {
    with_retry([&] {
      pending = model_;
      index_->commit();
      acknowledge();
    });
  }

  void acknowledge() {
    acknowledged.push_back(model_);
    pending.reset();
  }

  void reopen() {
    commit();
    index_.reset();
    with_retry([&] { index_ = Index::open(disk_->folder(), Access::kWrite, kNoRowMemory); });
  }

  std::shared_ptr<Disk> disk_;
  std::mt19937 random_{7};
  Model model_;
  std::unique_ptr<Index> index_;
};

bool holds(const Index& index, const Model& model) {
  return contents(*index.snapshot(), index.schema()) == model.entries;
}

// What the disk holds must be the last acknowledged state, or the one that was being committed; and it must
// be sound, and take new commits.
void check(const std::shared_ptr<Disk>& disk, const Life& life) {
  if (life.acknowledged.empty() && !has_manifest(disk->folder()->list())) {
    Index::create(disk->folder(), life.model().schema, kNoRowMemory);
    return;
  }
  EXPECT_EQ(verify(*disk->folder()).size(), 0u);
  const std::unique_ptr<Index> index = Index::open(disk->folder(), Access::kWrite, kNoRowMemory);
  Model model = life.pending.value_or(life.acknowledged.empty() ? life.model() : life.acknowledged.back());
  if (!holds(*index, model)) {
    ASSERT_FALSE(life.acknowledged.empty());
    model = life.acknowledged.back();
  }
  expect_equal(*index, model);
  const Entry entry{"new", std::vector<float>(model.schema.dimension, 0.5f)};
  test::add(*index, {entry});
  model.add({entry});
  index->commit();
  const std::shared_ptr<Disk> after = disk->after_power_loss([](size_t, size_t, int64_t) { return 0; });
  expect_equal(*Index::open(after->folder(), Access::kRead, kNoRowMemory), model);
  const size_t named = index->snapshot()->parts().size();
  EXPECT_LE(disk->files().size(), named + 3) << "lock and manifest, and nothing that a crash left";
}

// Ways in which a disk may forget: everything, nothing, each effect alone, all others, and at random, torn at
// any byte.
std::vector<Survival> survivals(size_t effects, uint32_t seed) {
  std::vector<Survival> ways = {[](size_t, size_t, int64_t) { return int64_t{0}; },
                                [](size_t, size_t, int64_t bytes) { return bytes; }};
  for (size_t chosen = 0; chosen < effects; ++chosen) {
    ways.push_back([=](size_t i, size_t, int64_t bytes) { return i == chosen ? bytes : 0; });
    ways.push_back([=](size_t i, size_t, int64_t bytes) { return i == chosen ? 0 : bytes; });
  }
  for (uint32_t i = 0; i < 2; ++i) {
    const auto random = std::make_shared<std::mt19937>(seed * 2 + i);
    ways.push_back([random](size_t, size_t, int64_t bytes) {
      const uint32_t choice = (*random)() % 3;
      return choice == 0 ? 0 : choice == 1 ? bytes : static_cast<int64_t>((*random)() % (bytes + 1));
    });
  }
  return ways;
}

int64_t calls_of(int adds, int32_t dimension) {
  const std::shared_ptr<Disk> disk = Disk::make();
  Life(disk, dimension).run(adds);
  return disk->calls();
}

void lose_power_everywhere(int adds, int32_t dimension, bool each_effect) {
  const int64_t calls = calls_of(adds, dimension);
  int64_t crashes = 0;
  for (int64_t at = 0; at < calls && !testing::Test::HasFailure(); ++at) {
    const std::shared_ptr<Disk> disk = Disk::make();
    disk->plan(Disk::Fault::kPowerLoss, at);
    Life life(disk, dimension);
    try {
      life.run(adds);
    } catch (const PowerLoss&) {
    }
    ASSERT_TRUE(disk->struck());
    const std::vector<Survival> ways =
        survivals(each_effect ? disk->unsynced_effects() : 0, static_cast<uint32_t>(at));
    for (size_t way = 0; way < ways.size() && !testing::Test::HasFailure(); ++way, ++crashes) {
      SCOPED_TRACE(text("call ", at, ", way ", way));
      check(disk->after_power_loss(ways[way]), life);
    }
  }
  EXPECT_GT(crashes, calls);
}

TEST(Crash, LeavesTheLastAcknowledgedState) { lose_power_everywhere(24, 3, true); }

// A row is a MiB: each goes to its file at once.
TEST(Crash, OfAnIndexBiggerThanMemory) { lose_power_everywhere(1, 1 << 18, false); }

class Failure : public testing::TestWithParam<Disk::Fault> {};

TEST_P(Failure, ChangesNothingAndIsGoneThrough) {
  constexpr int adds = 24;
  const int64_t calls = calls_of(adds, 3);
  for (int64_t at = 0; at < calls && !HasFailure(); ++at) {
    SCOPED_TRACE(text("call ", at));
    const std::shared_ptr<Disk> disk = Disk::make();
    disk->plan(GetParam(), at);
    Life life(disk);
    life.run(adds);
    expect_equal(life.index(), life.model());
    ASSERT_TRUE(disk->struck());
    const std::shared_ptr<Disk> after = disk->after_power_loss([](size_t, size_t, int64_t) { return 0; });
    const std::unique_ptr<Index> index = Index::open(after->folder(), Access::kRead, kNoRowMemory);
    expect_equal(*index, life.model());
    EXPECT_EQ(verify(*after->folder()).size(), 0u);
  }
}

// Where it fails later, the segment is there as a commit without failure leaves it.
TEST(FailedWrite, LeavesNoPartOfASegment) {
  const std::string name = "segment-0.safetensors";
  const auto commit = [&](Disk& disk, Disk::Fault fault, int64_t at) {
    const std::unique_ptr<Index> index = Index::create(disk.folder(), {3, IdKind::kString, ""}, kNoRowMemory);
    test::add(*index, {{"a", {1, 0, 0}}});
    disk.plan(fault, at);
    return status_of([&] { index->commit(); });
  };
  const std::shared_ptr<Disk> sound = Disk::make();
  ASSERT_EQ(commit(*sound, Disk::Fault::kNone, 0), CLIP4J_OK);
  for (int64_t at = 0; at < sound->calls(); ++at) {
    const std::shared_ptr<Disk> disk = Disk::make();
    commit(*disk, Disk::Fault::kError, at);
    ASSERT_TRUE(disk->struck());
    if (!disk->files().contains(name)) continue;
    EXPECT_EQ(disk->files().at(name)->content, sound->files().at(name)->content) << "call " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Failure, testing::Values(Disk::Fault::kError, Disk::Fault::kShortWrite));

}  // namespace
}  // namespace clip4j::store::test
