#include <cstring>

#include "clip4j_search.h"
#include "search_reference.h"

// The C ABI as a program without a JVM sees it.
namespace clip4j::search::test {
namespace {

// Every test must give back what it took.
class Api : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(clip4j_search_live_bytes(), 0);
    EXPECT_EQ(clip4j_search_live_handles(), 0);
  }

  static bool error_says(const char* text) {
    return std::strstr(clip4j_search_last_error(), text) != nullptr;
  }
};

TEST_F(Api, AllocatesZeroedAlignedCountedMemory) {
  for (const int64_t bytes : {0, 1, 63, 64, 65, 1000, 5 << 20}) {
    auto* memory = static_cast<unsigned char*>(clip4j_search_allocate(bytes));
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
    EXPECT_EQ(clip4j_search_live_bytes(), bytes);
    for (int64_t i = 0; i < bytes; ++i) ASSERT_EQ(memory[i], 0);
    std::memset(memory, 1, bytes);
    clip4j_search_release(memory);
    EXPECT_EQ(clip4j_search_live_bytes(), 0);
  }
  clip4j_search_release(nullptr);
}

TEST_F(Api, RefusesImpossibleAllocations) {
  EXPECT_EQ(clip4j_search_allocate(-1), nullptr);
  EXPECT_EQ(clip4j_search_allocate(INT64_MIN), nullptr);
  EXPECT_EQ(clip4j_search_allocate(INT64_MAX), nullptr);
}

TEST_F(Api, Searches) {
  const float rows[] = {1, 0, 0, 1, 3, 4, 0, 0};
  clip4j_index* index = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows, 4, 2, &index), CLIP4J_OK);
  EXPECT_EQ(clip4j_search_live_handles(), 1);
  EXPECT_GT(clip4j_search_live_bytes(), 0);
  const float queries[] = {1, 1, 0, -2};
  int32_t found[8];
  double scores[8];
  ASSERT_EQ(clip4j_search_index_search(index, queries, 2, 99, CLIP4J_COSINE, found, scores), CLIP4J_OK);
  const int32_t expected[] = {2, 0, 1, 3, 0, 3, 2, 1};
  EXPECT_TRUE(std::equal(found, found + 8, expected));
  EXPECT_DOUBLE_EQ(scores[0], 7 / (5 * std::sqrt(2.0)));
  EXPECT_EQ(scores[4], 0);
  ASSERT_EQ(clip4j_search_index_search(index, queries, 2, 1, CLIP4J_DOT, found, scores), CLIP4J_OK);
  EXPECT_EQ(found[0], 2);
  EXPECT_EQ(scores[0], 7);
  EXPECT_EQ(found[1], 0);
  EXPECT_EQ(scores[1], 0);
  EXPECT_EQ(clip4j_search_index_search(index, nullptr, 0, 1, CLIP4J_DOT, nullptr, nullptr), CLIP4J_OK);
  clip4j_search_index_free(index);
  clip4j_search_index_free(nullptr);
}

TEST_F(Api, SaysWhatIsWrongWithAnIndex) {
  const float rows[] = {1, NAN, 3, 4};
  clip4j_index* index = nullptr;
  EXPECT_EQ(clip4j_search_index_create(rows, 2, 2, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("row 0 "));
  EXPECT_EQ(clip4j_search_index_create(rows, 0, 2, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_create(rows, -1, 2, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_create(rows, int64_t{1} << 31, 2, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_create(rows, 1, 0, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_create(nullptr, 1, 1, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("rows is null"));
  EXPECT_EQ(clip4j_search_index_create(rows, 1, 1, nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(index, nullptr);
}

TEST_F(Api, SaysWhatIsWrongWithASearch) {
  const float rows[] = {1, 2, 3, 4};
  clip4j_index* index = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows, 2, 2, &index), CLIP4J_OK);
  int32_t found[8];
  double scores[8];
  const auto search = [&](std::vector<float> queries, int32_t k, int32_t similarity) {
    return clip4j_search_index_search(index, queries.data(), static_cast<int32_t>(queries.size() / 2), k,
                                      similarity, found, scores);
  };
  EXPECT_EQ(search({1, 1}, 0, CLIP4J_COSINE), CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("k must be at least 1, not 0"));
  EXPECT_EQ(search({1, 1}, INT32_MIN, CLIP4J_COSINE), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(search({1, 1}, 1, 2), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(search({1, 1, 0, -0.0f}, 1, CLIP4J_COSINE), CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("query 1 is zero"));
  EXPECT_EQ(search({1, 1, 0, 0}, 1, CLIP4J_DOT), CLIP4J_OK);
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    EXPECT_EQ(search({1, 1, 1, 1, bad, 1}, 1, CLIP4J_DOT), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("query 2 "));
  }
  EXPECT_EQ(clip4j_search_index_search(index, nullptr, 1, 1, 0, found, scores), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_search(index, rows, -1, 1, 0, found, scores), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_search(nullptr, rows, 1, 1, 0, found, scores), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(search({1, 1}, INT32_MAX, CLIP4J_COSINE), CLIP4J_OK);
  clip4j_search_index_free(index);
}

TEST_F(Api, FindsRaggedHits) {
  const float rows[] = {1, 0, 0, 1, 3, 4, 0, 0};
  clip4j_index* index = nullptr;
  clip4j_hits* hits = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows, 4, 2, &index), CLIP4J_OK);
  ASSERT_EQ(clip4j_search_hits_create(&hits), CLIP4J_OK);
  EXPECT_EQ(clip4j_search_live_handles(), 2);
  EXPECT_GT(clip4j_search_index_bytes(index), 4 * 2);
  EXPECT_EQ(clip4j_search_live_bytes(), clip4j_search_index_bytes(index));
  const float queries[] = {1, 1, 0, -2};
  const int64_t k[] = {CLIP4J_ALL_ROWS, 1};
  const uint64_t allowed = 0xFFFFFFFFFFFFFFF0 | 0b1101;
  ASSERT_EQ(clip4j_search_index_find(index, queries, 2, k, 2, 0, CLIP4J_COSINE, &allowed, hits), CLIP4J_OK);
  const int64_t expected_offsets[] = {0, 3, 4}, expected_rows[] = {2, 0, 3, 0};
  EXPECT_TRUE(std::equal(expected_offsets, expected_offsets + 3, clip4j_search_hits_offsets(hits)));
  EXPECT_TRUE(std::equal(expected_rows, expected_rows + 4, clip4j_search_hits_rows(hits)));
  EXPECT_DOUBLE_EQ(clip4j_search_hits_scores(hits)[0], 7 / (5 * std::sqrt(2.0)));
  EXPECT_GE(clip4j_search_hits_rescored(hits), 4);
  // The minimum of the range is 0: row 2 scores less with the second query.
  ASSERT_EQ(clip4j_search_index_find(index, queries, 2, k, 1, 0, CLIP4J_DOT, nullptr, hits), CLIP4J_OK);
  EXPECT_EQ(clip4j_search_hits_offsets(hits)[1], 4);
  EXPECT_EQ(clip4j_search_hits_offsets(hits)[2], 6);
  EXPECT_EQ(clip4j_search_hits_rows(hits)[4], 0);
  EXPECT_EQ(clip4j_search_hits_rows(hits)[5], 3);

  EXPECT_EQ(clip4j_search_index_find(index, queries, 2, k, 0, 0, 0, nullptr, hits), CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("k_count must be 1 or query_count, not 0"));
  EXPECT_EQ(clip4j_search_index_find(index, queries, 2, k, 3, 0, 0, nullptr, hits), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_find(index, queries, 2, k, 2, NAN, 0, nullptr, hits),
            CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("minimum"));
  const int64_t bad[] = {1, 0};
  EXPECT_EQ(clip4j_search_index_find(index, queries, 2, bad, 2, 0, 0, nullptr, hits),
            CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("k must be at least 1, not 0"));
  EXPECT_EQ(clip4j_search_index_find(index, queries, 2, k, 2, 0, 0, nullptr, nullptr),
            CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_find(index, queries, 2, nullptr, 1, 0, 0, nullptr, hits),
            CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_hits_create(nullptr), CLIP4J_INVALID_ARGUMENT);
  clip4j_search_hits_free(hits);
  clip4j_search_hits_free(nullptr);
  clip4j_search_index_free(index);
}

TEST_F(Api, Normalizes) {
  float rows[] = {3, 4, 0, 2};
  ASSERT_EQ(clip4j_search_normalize(rows, 2, 2), CLIP4J_OK);
  EXPECT_FLOAT_EQ(rows[0], 0.6f);
  EXPECT_FLOAT_EQ(rows[3], 1);
  rows[2] = rows[3] = 0;
  EXPECT_EQ(clip4j_search_normalize(rows, 2, 2), CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("row 1 is zero"));
  EXPECT_EQ(clip4j_search_normalize(rows, 0, 2), CLIP4J_OK);
  EXPECT_EQ(clip4j_search_normalize(rows, -1, 2), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_normalize(rows, 1, 0), CLIP4J_INVALID_ARGUMENT);
}

TEST_F(Api, NamesItsKernel) {
  EXPECT_STREQ(clip4j_search_kernel(), name(instruction_set()));
  EXPECT_GE(clip4j_search_threads(), 1);
}

}  // namespace
}  // namespace clip4j::search::test
