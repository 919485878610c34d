#include <atomic>
#include <stdexcept>
#include <system_error>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/boundary.h"
#include "base/error.h"
#include "base/worker_pool.h"
#include "clip4j_search.h"
#include "search_reference.h"

// Written for ThreadSanitizer as much as for its assertions.
namespace clip4j::search::test {
namespace {

void on_threads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, SearchOneIndexAtOnce) {
  const Matrix rows = normal(20000, 64, 1), queries = normal(8, 64, 2);
  const Index index(rows);
  const Hits expected = run(index, queries, 15, Similarity::kCosine, InstructionSet::kScalar);
  std::atomic<int> wrong{0};
  on_threads(8, [&](int) {
    for (int repeat = 0; repeat < 10; ++repeat) {
      const Hits result = run(index, queries, 15, Similarity::kCosine, instruction_set());
      if (result.row != expected.row || result.score != expected.score) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Threads, CreateSearchAndFreeTheirOwn) {
  on_threads(4, [](int thread) {
    for (uint32_t repeat = 0; repeat < 30; ++repeat) {
      const Matrix rows = normal(500, 16, repeat);
      clip4j_index* index = nullptr;
      ASSERT_EQ(clip4j_search_index_create(rows.values.data(), 500, 16, &index), CLIP4J_OK);
      clip4j_hits* hits = nullptr;
      ASSERT_EQ(clip4j_search_hits_create(&hits), CLIP4J_OK);
      int64_t k = 3;
      clip4j_request request{};
      request.k = &k;
      request.k_count = 1;
      clip4j_found found{};
      ASSERT_EQ(clip4j_search_index_search(index, rows.row(thread), 1, &request, hits, &found), CLIP4J_OK);
      EXPECT_EQ(found.row[0], thread);
      k = -thread;
      ASSERT_EQ(clip4j_search_index_search(index, rows.row(0), 1, &request, hits, &found),
                CLIP4J_INVALID_ARGUMENT);
      EXPECT_EQ(clip4j_search_last_error(), "k must be at least 1, not " + std::to_string(-thread));
      clip4j_search_hits_free(hits);
      clip4j_search_index_free(index);
    }
  });
  EXPECT_EQ(clip4j_search_live_handles(), 0);
  EXPECT_EQ(clip4j_search_live_bytes(), 0);
}

#if defined(__x86_64__)
// Libraries built with -ffast-math leave their threads like this.
TEST(Threads, FlushToZeroOfTheCallerChangesNothing) {
  const Matrix rows = normal(300, 16, 3, 1e-40f), queries = normal(2, 16, 4, 1e-40f);
  const Index index(rows);
  const Hits expected = run(index, queries, 300, Similarity::kCosine, instruction_set());
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // flush to zero, denormals are zero
  Hits result;
  std::string error;
  try {
    result = run(index, queries, 300, Similarity::kCosine, instruction_set());
  } catch (const Error& e) {
    error = e.what();
  }
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(error, "");
  EXPECT_EQ(after & 0xFFC0, (before | 0x8040) & 0xFFC0) << "the caller's environment is the caller's";
  EXPECT_EQ(result.row, expected.row);
  EXPECT_EQ(result.score, expected.score);
}
#endif

TEST(WorkerPool, RunsEveryIndexOnce) {
  WorkerPool pool(4, "test");
  EXPECT_EQ(pool.threads(), 4);
  on_threads(6, [&](int) {
    for (const int64_t count : {0, 1, 2, 100, 1000}) {
      std::vector<std::atomic<int>> calls(count);
      pool.parallel_for(count, [&](int64_t i) { ++calls[i]; });
      for (const auto& n : calls) ASSERT_EQ(n, 1);
    }
  });
}

TEST(WorkerPool, CanBeUsedFromItsOwnBodies) {
  WorkerPool pool(3, "test");
  std::atomic<int> calls{0};
  pool.parallel_for(10, [&](int64_t) { pool.parallel_for(10, [&](int64_t) { ++calls; }); });
  EXPECT_EQ(calls, 100);
}

TEST(WorkerPool, ThrowsTheFirstException) {
  WorkerPool pool(3, "test");
  std::atomic<int64_t> calls{0};
  EXPECT_THROW(pool.parallel_for(1'000'000,
                                 [&](int64_t) {
                                   ++calls;
                                   throw std::runtime_error("no");
                                 }),
               std::runtime_error);
  EXPECT_LE(calls, 3);
  pool.parallel_for(5, [&](int64_t) { ++calls; });
}

TEST(WorkerPool, WithoutWorkersIsALoop) {
  WorkerPool pool(0, "test");
  std::vector<int64_t> order;
  pool.parallel_for(4, [&](int64_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST(Boundary, KeepsKindsAndTexts) {
  EXPECT_EQ(translate_exceptions([] {}), CLIP4J_OK);
  EXPECT_EQ(translate_exceptions([] { fail(CLIP4J_CORRUPT, "bad ", 1, " of ", 2.5); }), CLIP4J_CORRUPT);
  EXPECT_STREQ(last_error(), "bad 1 of 2.5");
  EXPECT_EQ(translate_exceptions([] { throw std::bad_alloc(); }), CLIP4J_OUT_OF_MEMORY);
  EXPECT_EQ(translate_exceptions([] { throw std::length_error("vector"); }), CLIP4J_OUT_OF_MEMORY);
  EXPECT_EQ(translate_exceptions([] { throw std::logic_error("why"); }), CLIP4J_INTERNAL);
  EXPECT_STREQ(last_error(), "why");
  EXPECT_EQ(translate_exceptions([] { throw 7; }), CLIP4J_INTERNAL);
  const auto throw_system = [](std::errc code) { throw std::system_error(std::make_error_code(code)); };
  EXPECT_EQ(translate_exceptions([&] { throw_system(std::errc::resource_unavailable_try_again); }),
            CLIP4J_OUT_OF_MEMORY);
  EXPECT_NE(std::string(last_error()).find("ulimit -u"), std::string::npos);
  EXPECT_EQ(translate_exceptions([&] { throw_system(std::errc::io_error); }), CLIP4J_INTERNAL);
}

TEST(Boundary, CutsLongTextsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "\xC3\xA9";  // e with an acute accent
  for (const std::string& prefix : {std::string(), std::string("x")}) {
    translate_exceptions([&] { fail(CLIP4J_INTERNAL, prefix, text); });
    const std::string stored = last_error();
    EXPECT_GT(stored.size(), 4000u);
    EXPECT_EQ((stored.size() - prefix.size()) % 2, 0u);
    EXPECT_EQ((prefix + text).compare(0, stored.size(), stored), 0);
  }
}

}  // namespace
}  // namespace clip4j::search::test
