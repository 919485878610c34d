#include <algorithm>

#include "store/verify.h"
#include "store_model.h"
#include "store_testing.h"

namespace clip4j::store::test {
namespace {

// Random calls on an index and on the naive list; both must answer alike.
class RandomTest : public testing::TestWithParam<std::tuple<IdKind, bool, int>> {
 protected:
  const IdKind kind = std::get<0>(GetParam());
  const bool in_folder = std::get<1>(GetParam());
  std::mt19937 random{static_cast<uint32_t>(std::get<2>(GetParam()))};
  Model model{{static_cast<int32_t>(1 + random() % 9), kind, "a model"}, {}};
  Model committed = model;
  std::shared_ptr<Disk> disk = Disk::make();
  std::unique_ptr<Index> index =
      in_folder ? Index::create(disk->folder(), model.schema, options()) : Index::in_memory(model.schema);

  // Memory for none or some of the rows.
  Options options() { return {static_cast<int64_t>(random() % 3 * 500)}; }

  std::string random_id() {
    return kind == IdKind::kInt64 ? std::to_string(static_cast<int64_t>(random() % 200) - 100)
                                  : std::string(random() % 5, 'a') + std::to_string(random() % 40);
  }

  std::vector<std::string> random_ids() {
    std::vector<std::string> ids(random() % 6);
    for (std::string& id : ids) id = random_id();
    return ids;
  }

  std::vector<Entry> random_entries() {
    std::vector<Entry> entries(random() % 8 == 0 ? random() % 80 : random() % 4);
    for (Entry& entry : entries) {
      entry = {kind == IdKind::kNone ? "" : random_id(), random_row(random, model.schema.dimension)};
    }
    return entries;
  }

  void add() {
    const std::vector<Entry> entries = random_entries();
    const bool replace = random() % 2 == 0;
    std::vector<std::string> seen;
    bool is_new = true;
    for (const Entry& entry : entries) {
      is_new = is_new && !model.has(entry.id) && std::find(seen.begin(), seen.end(), entry.id) == seen.end();
      seen.push_back(entry.id);
    }
    if (replace || is_new || kind == IdKind::kNone) {
      test::add(*index, entries, replace ? Index::Known::kReplace : Index::Known::kRefuse);
      model.add(entries);
    } else {
      EXPECT_STATUS(test::add(*index, entries, Index::Known::kRefuse), CLIP4J_INVALID_ARGUMENT);
    }
  }

  void remove() {
    std::vector<std::string> ids = random_ids();
    if (random() % 20 == 0) {
      for (const Entry& entry : model.entries) ids.push_back(entry.id);
    }
    if (kind == IdKind::kNone) {
      EXPECT_STATUS(test::remove(*index, ids), CLIP4J_UNSUPPORTED);
      return;
    }
    const size_t before = model.entries.size();
    model.remove(ids);
    EXPECT_EQ(test::remove(*index, ids), static_cast<int64_t>(before - model.entries.size()));
  }

  void reopen() {
    index.reset();
    index = Index::open(disk->folder(), Access::kWrite, options());
    model = committed;
  }

  void search() {
    const std::shared_ptr<const Snapshot> snapshot = index->snapshot();
    std::vector<float> query = random_row(random, model.schema.dimension);
    query[0] += 0.25f;
    const int64_t k = 1 + random() % 12;
    const auto similarity = random() % 2 == 0 ? search::Similarity::kCosine : search::Similarity::kDot;
    const double minimum = random() % 2 == 0 ? -INFINITY : 0.1;
    const search::Request request{.k = {&k, 1}, .minimum_score = minimum, .similarity = similarity};
    EXPECT_EQ(test::search(*snapshot, model.schema, query, request),
              model.search(query, k, similarity, minimum, nullptr));
    if (kind == IdKind::kNone) return;
    const std::vector<std::string> ids = random_ids();
    const IdList list(kind, ids);
    std::vector<std::string> others;
    for (const Entry& entry : model.entries) {
      if (std::find(ids.begin(), ids.end(), entry.id) == ids.end()) others.push_back(entry.id);
    }
    Bits bits((snapshot->rows() + 63) / 64);
    for (int64_t i = 0; i < list.view().count; ++i) {
      const int64_t row = snapshot->find(list.view(), i);
      EXPECT_EQ(row >= 0, model.has(ids[i]));
      if (row >= 0) bits[row / 64] |= uint64_t{1} << row % 64;
    }
    for (const auto filter_kind : {Filter::Kind::kAllow, Filter::Kind::kDeny}) {
      const auto& allowed = filter_kind == Filter::Kind::kAllow ? ids : others;
      const std::vector<Found> expected = model.search(query, k, similarity, minimum, &allowed);
      const Filter by_ids{filter_kind, list.view()}, by_rows{filter_kind, {}, bits.data()};
      EXPECT_EQ(test::search(*snapshot, model.schema, query, request, &by_ids), expected);
      EXPECT_EQ(test::search(*snapshot, model.schema, query, request, &by_rows), expected);
    }
  }
};

TEST_P(RandomTest, AnswersLikeAList) {
  for (int step = 0; step < 400 && !HasFailure(); ++step) {
    SCOPED_TRACE(step);
    const uint32_t choice = random() % 12;
    if (choice < 5) {
      add();
    } else if (choice < 7) {
      remove();
    } else if (choice < 10) {
      search();
    } else if (in_folder && choice == 10) {
      index->commit();
      committed = model;
    } else if (in_folder && random() % 4 == 0) {
      reopen();
    }
    expect_equal(*index, model);
    EXPECT_LE(index->snapshot()->parts().size(), 40u);
  }
  if (in_folder) {
    EXPECT_EQ(verify(*disk->folder()).size(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, RandomTest,
                         testing::Combine(testing::Values(IdKind::kNone, IdKind::kInt64, IdKind::kString),
                                          testing::Bool(), testing::Range(0, 5)));

}  // namespace
}  // namespace clip4j::store::test
