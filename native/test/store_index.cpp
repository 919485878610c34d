#include "base/accounting.h"
#include "store/verify.h"
#include "store_model.h"
#include "store_testing.h"

namespace clip4j::store::test {
namespace {

constexpr int64_t kAllRowMemory = int64_t{1} << 40;
const Schema kSchema{2, IdKind::kString, "a \"model\""};

std::vector<std::string> found_ids(const Index& index, std::vector<float> query, int64_t k) {
  std::vector<std::string> ids;
  for (const Found& found : search(*index.snapshot(), index.schema(), query, {.k = {&k, 1}}))
    ids.push_back(found.id);
  return ids;
}

using Names = std::vector<std::string>;

TEST(Index, FindsWhatWasAddedUntilItIsRemoved) {
  const std::unique_ptr<Index> index = Index::in_memory(kSchema);
  EXPECT_EQ(found_ids(*index, {1, 0}, 5), Names());
  add(*index, {{"east", {1, 0}}, {"north", {0, 1}}}, Index::Known::kRefuse);
  EXPECT_EQ(found_ids(*index, {3, 1}, 5), (Names{"east", "north"}));
  add(*index, {{"east", {-1, 0}}});
  EXPECT_EQ(found_ids(*index, {3, 1}, 5), (Names{"north", "east"}));
  EXPECT_EQ(remove(*index, {"north", "north", "nowhere"}), 1);
  EXPECT_EQ(found_ids(*index, {3, 1}, 5), Names{"east"});
  EXPECT_EQ(remove(*index, {"east"}), 1);
  EXPECT_EQ(index->snapshot()->rows(), 0) << "a segment without rows is gone";
}

TEST(Index, RefusesWhatCannotBe) {
  EXPECT_STATUS(Index::in_memory({0, IdKind::kNone, ""}), CLIP4J_INVALID_ARGUMENT);
  EXPECT_STATUS(Index::in_memory({1, IdKind::kNone, "\xFF"}), CLIP4J_INVALID_ARGUMENT);
  EXPECT_STATUS(Index::in_memory({1, IdKind::kNone, std::string(65536, 'x')}), CLIP4J_INVALID_ARGUMENT);
  const std::unique_ptr<Index> index = Index::in_memory(kSchema);
  add(*index, {{"a", {1, 0}}});
  const auto refuse = [&](const std::vector<Entry>& entries, const std::string& expected) {
    std::string text;
    EXPECT_EQ(status_of([&] { add(*index, entries, Index::Known::kRefuse); }, &text),
              CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(text, expected);
    EXPECT_EQ(index->snapshot()->size(), 1);
  };
  refuse({{"b", {1, 0}}, {"a", {1, 0}}}, "id \"a\" is in the index already");
  refuse({{"b", {1, 0}}, {"c", {1, 0}}, {"b", {1, 0}}}, "id \"b\" comes twice");
  refuse({{"b", {1, 0}}, {"c", {1, NAN}}}, "row 1 has a value that is not finite");
  refuse({{"b", {INFINITY, 0}}}, "row 0 has a value that is not finite");
  refuse({{"b", {1, 0}}, {"\xC3", {1, 0}}}, "id 1 is not UTF-8");
  refuse({{"\xED\xA0\x80", {1, 0}}}, "id 0 is not UTF-8");
  refuse({{"\xC0\x80", {1, 0}}}, "id 0 is not UTF-8");
  refuse({{"\xF4\x90\x80\x80", {1, 0}}}, "id 0 is not UTF-8");
  refuse({{std::string(65536, 'x'), {1, 0}}}, "id 0 is longer than 65535 bytes");
  add(*index,
      {{std::string(65535, 'x'), {1, 0}}, {"", {1, 0}}, {"\xF0\x9F\x98\x80\xE2\x82\xAC\xC3\xA9", {1, 0}}});
  const std::vector<float> row(2);
  EXPECT_STATUS(index->add(row.data(), 1, {}, Index::Known::kRefuse), CLIP4J_INVALID_ARGUMENT);
  EXPECT_STATUS(index->add(row.data(), -1, {}, Index::Known::kRefuse), CLIP4J_INVALID_ARGUMENT);
  EXPECT_STATUS(
      index->add(row.data(), 2, IdList(IdKind::kString, {"only one"}).view(), Index::Known::kRefuse),
      CLIP4J_INVALID_ARGUMENT);
  EXPECT_STATUS(
      Index::in_memory({2, IdKind::kNone, ""})->add(row.data(), kMostRows + 1, {}, Index::Known::kRefuse),
      CLIP4J_TOO_LARGE);
  EXPECT_STATUS(index->remove(IdList(IdKind::kInt64, {"1"}).view()), CLIP4J_INVALID_ARGUMENT);
  const std::vector<int64_t> descending = {3, 1};
  const Ids backwards{IdKind::kString, 2, descending.data(), "abc"};
  EXPECT_STATUS(index->remove(backwards), CLIP4J_INVALID_ARGUMENT);
  const int64_t k = 1;
  const IdList numbers(IdKind::kInt64, {"1"});
  const Filter filter{Filter::Kind::kAllow, numbers.view()};
  EXPECT_STATUS(search(*index->snapshot(), kSchema, {1, 0}, {.k = {&k, 1}}, &filter),
                CLIP4J_INVALID_ARGUMENT);
  EXPECT_STATUS(index->commit(), CLIP4J_UNSUPPORTED);
}

TEST(Index, KeepsASnapshotUntilItsLastSearchEnds) {
  const std::unique_ptr<Index> index = Index::in_memory(kSchema);
  add(*index, {{"a", {1, 0}}, {"b", {0, 1}}});
  std::shared_ptr<const Snapshot> before = index->snapshot();
  const std::weak_ptr<const Snapshot> watched = before;
  remove(*index, {"a", "b"});
  add(*index, {{"c", {1, 1}}});
  const int64_t k = 9;
  EXPECT_EQ(search(*before, kSchema, {1, 0}, {.k = {&k, 1}}).size(), 2u);
  EXPECT_EQ(found_ids(*index, {1, 0}, 9), Names{"c"});
  before.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(Index, IsInTheFolderOnceItIsCommitted) {
  const std::shared_ptr<Disk> disk = Disk::make();
  {
    const std::unique_ptr<Index> index = Index::create(disk->folder(), kSchema, {kAllRowMemory});
    add(*index, {{"a", {1, 0}}});
    index->commit();
    add(*index, {{"b", {1, 0}}});
    EXPECT_STATUS(Index::create(disk->folder(), kSchema, {kAllRowMemory}), CLIP4J_LOCKED);
    EXPECT_STATUS(Index::open(disk->folder(), Access::kWrite, {kAllRowMemory}), CLIP4J_LOCKED);
  }
  EXPECT_STATUS(Index::create(disk->folder(), kSchema, {kAllRowMemory}), CLIP4J_INVALID_ARGUMENT);
  const std::unique_ptr<Index> index = Index::open(disk->folder(), Access::kRead, {kAllRowMemory});
  EXPECT_EQ(index->schema().fingerprint, kSchema.fingerprint);
  EXPECT_EQ(found_ids(*index, {1, 0}, 9), Names{"a"});
  EXPECT_STATUS(add(*index, {{"b", {1, 0}}}), CLIP4J_UNSUPPORTED);
  EXPECT_STATUS(remove(*index, {"a"}), CLIP4J_UNSUPPORTED);
  EXPECT_STATUS(index->commit(), CLIP4J_UNSUPPORTED);
  disk->files().erase("manifest.safetensors");
  disk->files().erase("lock");
  for (const Access access : {Access::kRead, Access::kWrite}) {
    EXPECT_STATUS(Index::open(disk->folder(), access, {kAllRowMemory}), CLIP4J_MISSING);
  }
  EXPECT_FALSE(disk->files().contains("lock")) << "where there is no index";
  EXPECT_STATUS(Index::create(disk->folder(), kSchema, {kAllRowMemory}), CLIP4J_INVALID_ARGUMENT)
      << "what is left of an index is not overwritten";
}

TEST(Index, IsReadAgainWhereAWriterWasQuicker) {
  const std::shared_ptr<Disk> disk = Disk::make();
  const std::unique_ptr<Index> writer = Index::create(disk->folder(), kSchema, {kAllRowMemory});
  add(*writer, {{"a", {1, 0}}});
  writer->commit();
  bool replaced = false;
  disk->before_opening = [&](const std::string& name) {
    if (segment_number(name) < 0 || std::exchange(replaced, true)) return;
    add(*writer, {{"b", {0, 1}}});
    remove(*writer, {"a"});
    writer->commit();
  };
  const std::unique_ptr<Index> reader = Index::open(disk->folder(), Access::kRead, {kAllRowMemory});
  EXPECT_TRUE(replaced);
  expect_equal(*reader, {kSchema, {{"b", {0, 1}}}});
}

TEST(Index, LeavesFilesAloneWhoseNumberIsNoneOfOurs) {
  const std::shared_ptr<Disk> disk = Disk::make();
  const std::string strange = "segment-9223372036854775807.safetensors";
  disk->folder()->create(strange);
  const std::unique_ptr<Index> index = Index::create(disk->folder(), kSchema, {kAllRowMemory});
  add(*index, {{"a", {1, 0}}});
  index->commit();
  EXPECT_TRUE(disk->files().contains("segment-0.safetensors"));
  EXPECT_TRUE(disk->files().contains(strange));
}

TEST(Index, ShowsAnIdInALine) {
  const std::unique_ptr<Index> index = Index::in_memory(kSchema);
  const auto problem = [&](const std::string& id) {
    add(*index, {{id, {1, 0}}});
    std::string text;
    EXPECT_EQ(status_of(
                  [&] {
                    add(*index, {{id, {1, 0}}}, Index::Known::kRefuse);
                  },
                  &text),
              CLIP4J_INVALID_ARGUMENT);
    return text;
  };
  EXPECT_EQ(problem({'a', '\0', '\n', 'b'}), "id \"a??b\" is in the index already");
  std::string accents;
  for (int i = 0; i < 200; ++i) accents += "\u00E9";
  EXPECT_EQ(problem("x" + accents), "id \"x" + accents.substr(0, 198) + "...\" is in the index already");
}

TEST(Index, RemovesNothingByAnIdThatNoneCanHave) {
  const std::unique_ptr<Index> index = Index::in_memory(kSchema);
  add(*index, {{"a", {1, 0}}});
  EXPECT_EQ(remove(*index, {std::string(65536, 'x')}), 0);
}

TEST(Index, WritesNothingWhereNothingHasChanged) {
  const std::shared_ptr<Disk> disk = Disk::make();
  const std::unique_ptr<Index> index = Index::create(disk->folder(), kSchema, {kAllRowMemory});
  add(*index, {{"a", {1, 0}}});
  index->commit();
  const int64_t calls = disk->calls();
  index->commit();
  remove(*index, {"b"});
  index->commit();
  EXPECT_EQ(disk->calls(), calls + 2) << "each sees that the folder is still there";
}

TEST(Index, CommitsNothingToAFolderThatWasDeleted) {
  TemporaryFolder parent;
  const std::string path = parent.path() + "/index";
  const std::unique_ptr<Index> index = Index::create(open_folder(path, true), kSchema, {kAllRowMemory});
  add(*index, {{"a", {1, 0}}});
  index->commit();
  std::filesystem::remove_all(path);
  EXPECT_STATUS(index->commit(), CLIP4J_UNWRITABLE) << "though nothing is new";
  EXPECT_STATUS(index->commit(), CLIP4J_UNWRITABLE);
  add(*index, {{"b", {0, 1}}});
  EXPECT_STATUS(index->commit(), CLIP4J_UNWRITABLE);
  EXPECT_EQ(found_ids(*index, {1, 0}, 1), Names{"a"});
}

TEST(Index, WritesAgainWhatWasDeleted) {
  const std::shared_ptr<Disk> disk = Disk::make();
  std::unique_ptr<Index> index = Index::create(disk->folder(), kSchema, {kAllRowMemory});
  add(*index, {{"a", {1, 0}}});
  index->commit();
  for (const std::string name : {"segment-0.safetensors", kManifestName}) {
    disk->files().erase(name);
    index->commit();
    EXPECT_TRUE(verify(*disk->folder()).empty()) << name << ", though nothing is new";
  }
  EXPECT_EQ(found_ids(*Index::open(disk->folder(), Access::kRead, {kAllRowMemory}), {1, 0}, 1), Names{"a"});

  index.reset();
  index = Index::open(disk->folder(), Access::kWrite, {0});
  EXPECT_EQ(found_ids(*index, {1, 0}, 1), Names{"a"});
  const auto deleted = disk->files().extract("segment-1.safetensors");
  add(*index, {{"b", {0, 1}}});
  std::string problem;
  EXPECT_EQ(status_of([&] { index->commit(); }, &problem), CLIP4J_UNWRITABLE) << "its row is not in memory";
  EXPECT_NE(problem.find("segment-1.safetensors was deleted"), std::string::npos) << problem;
  disk->files()[deleted.key()] = deleted.mapped();
  index->commit();
  EXPECT_TRUE(verify(*disk->folder()).empty());
}

TEST(Index, ReadsHeadersWhenOpenedAndTheRestWhenNeeded) {
  const std::shared_ptr<Disk> disk = Disk::make();
  const Schema wide{256, IdKind::kInt64, ""};
  {
    const std::unique_ptr<Index> index = Index::create(disk->folder(), wide, {kAllRowMemory});
    std::mt19937 random(1);
    std::vector<Entry> entries;
    for (int i = 0; i < 64; ++i) entries.push_back({std::to_string(i), random_row(random, 256)});
    add(*index, entries);
    index->commit();
  }
  const int64_t row_bytes = 64 * 256 * 4;
  for (const int64_t row_memory : {kAllRowMemory, row_bytes, row_bytes - 1}) {
    const int64_t before = live_bytes;
    const std::unique_ptr<Index> index = Index::open(disk->folder(), Access::kWrite, {row_memory});
    EXPECT_EQ(index->use().codes + index->use().rows + index->use().ids, 0);
    index->snapshot()->warm();
    EXPECT_GE(index->use().codes, row_bytes / 4);
    EXPECT_EQ(index->use().rows, row_memory < row_bytes ? 0 : row_bytes);
    EXPECT_EQ(index->use().ids, 64 * 8);
    EXPECT_EQ(found_ids(*index, std::vector<float>(256, 1), 3).size(), 3u);
    EXPECT_EQ(remove(*index, {"7"}), 1);
    EXPECT_EQ(index->use().ids, 64 * 8 + 128 * 4);
    EXPECT_EQ(index->use().deletions, 8);
    EXPECT_LE(index->use().codes + index->use().rows + index->use().ids, live_bytes - before);
  }
}

TEST(Index, CopiesZerosForIdsThatItHasNot) {
  const std::unique_ptr<Index> index = Index::in_memory(kSchema);
  add(*index, {{"a", {1, 2}}});
  const IdList ids(IdKind::kString, {"no", "a"});
  std::vector<float> rows(4, 7);
  uint8_t known[2];
  index->snapshot()->copy_rows(ids.view(), rows.data(), known);
  EXPECT_EQ(rows, (std::vector<float>{0, 0, 1, 2}));
  EXPECT_EQ(std::vector<int>(known, known + 2), (std::vector<int>{0, 1}));
}

TEST(Index, LeavesNoByteBehind) {
  const int64_t bytes = live_bytes;
  {
    const std::unique_ptr<Index> index = Index::in_memory(kSchema);
    for (int i = 0; i < 20; ++i) add(*index, {{std::to_string(i), {1, static_cast<float>(i)}}});
    EXPECT_GT(live_bytes, bytes);
  }
  EXPECT_EQ(live_bytes, bytes);
}

}  // namespace
}  // namespace clip4j::store::test
