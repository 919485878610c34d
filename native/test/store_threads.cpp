#include <atomic>
#include <thread>

#include "store_model.h"
#include "store_testing.h"

// Written for ThreadSanitizer as much as for its assertions.
namespace clip4j::store::test {
namespace {

// Generation g of the index holds rows whose first value is g, under the ids 0 ... 4.
std::vector<Entry> generation(int g) {
  std::vector<Entry> entries;
  for (int i = 0; i < 5; ++i) entries.push_back({std::to_string(i), {static_cast<float>(g), 1}});
  return entries;
}

TEST(Threads, SearchWhileOneWrites) {
  const Schema schema{2, IdKind::kInt64, ""};
  for (const bool in_folder : {false, true}) {
    const std::shared_ptr<Disk> disk = Disk::make();
    const std::unique_ptr<Index> index =
        in_folder ? Index::create(disk->folder(), schema, {0}) : Index::in_memory(schema);
    add(*index, generation(1));
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0}, searches{0};
    std::vector<std::thread> readers;
    for (int t = 0; t < 4; ++t) {
      readers.emplace_back([&, t] {
        const std::vector<float> query = {1, 0};
        const int64_t k = 100;
        const search::Request request{.k = {&k, 1}, .similarity = search::Similarity::kDot};
        const IdList some(IdKind::kInt64, {"1", "3", "77"});
        const Filter filter{Filter::Kind::kAllow, some.view()};
        double last = 0;
        while (!done || searches < 100) {
          const std::vector<Found> found =
              test::search(*index->snapshot(), schema, query, request, t % 2 == 0 ? nullptr : &filter);
          // All rows are of one generation, none older than what this thread has seen.
          bool right = found.size() == (t % 2 == 0 ? 5u : 2u) && found[0].score >= last;
          for (const Found& each : found) right = right && each.score == found[0].score;
          if (!right) ++wrong;
          last = found.empty() ? 0 : found[0].score;
          ++searches;
        }
      });
    }
    for (int g = 2; g < 200; ++g) {
      add(*index, generation(g));
      if (in_folder && g % 4 == 0) index->commit();
    }
    done = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST(Threads, WriteOneAfterAnother) {
  const std::unique_ptr<Index> index = Index::in_memory({2, IdKind::kString, ""});
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        add(*index, {{text(t, " ", i), {1, 2}}, {text("shared ", i), {1, 2}}});
        if (i % 3 == 2) remove(*index, {text(t, " ", i - 1)});
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(index->snapshot()->size(), 4 * (50 - 16) + 50);
}

TEST(Threads, NeedACodeFirstAtOnce) {
  const std::shared_ptr<Disk> disk = Disk::make();
  const Schema schema{2, IdKind::kInt64, ""};
  {
    const std::unique_ptr<Index> index = Index::create(disk->folder(), schema, {0});
    for (int g = 0; g < 3; ++g) add(*index, {{std::to_string(g), {static_cast<float>(g), 1}}});
    index->commit();
  }
  for (int round = 0; round < 20; ++round) {
    const std::unique_ptr<Index> index = Index::open(disk->folder(), Access::kRead, {round % 2 * 1000});
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (int t = 0; t < 4; ++t) {
      readers.emplace_back([&] {
        const int64_t k = 3;
        const IdList ids(IdKind::kInt64, {"2"});
        if (test::search(*index->snapshot(), schema, {1, 0}, {.k = {&k, 1}}).size() != 3) ++wrong;
        if (index->snapshot()->find(ids.view(), 0) != 2) ++wrong;
      });
    }
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(wrong, 0);
  }
}

}  // namespace
}  // namespace clip4j::store::test
