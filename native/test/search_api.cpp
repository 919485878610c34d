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

// A search whose memory is freed at the end.
class Search {
 public:
  explicit Search(clip4j_index* index) : index_(index) {
    EXPECT_EQ(clip4j_search_hits_create(&hits_), CLIP4J_OK);
  }
  ~Search() { clip4j_search_hits_free(hits_); }

  int32_t run(const std::vector<float>& queries, std::vector<int64_t> k, int32_t similarity = CLIP4J_COSINE) {
    request.k = k.data();
    request.k_count = static_cast<int64_t>(k.size());
    request.similarity = similarity;
    return clip4j_search_index_search(index_, queries.data(), static_cast<int32_t>(queries.size() / 2),
                                      &request, hits_, &found);
  }
  std::vector<int64_t> rows(int64_t query) const {
    return {found.row + found.offset[query], found.row + found.offset[query + 1]};
  }
  std::vector<int64_t> ids(int64_t query) const {
    return {found.id + found.offset[query], found.id + found.offset[query + 1]};
  }

  clip4j_request request{.k = nullptr,
                         .k_count = 0,
                         .minimum_score = -INFINITY,
                         .similarity = CLIP4J_COSINE,
                         .filter = CLIP4J_NO_FILTER,
                         .filter_ids = {},
                         .filter_rows = nullptr,
                         .filter_words = 0,
                         .first_query = 0};
  clip4j_found found{};

 private:
  clip4j_index* index_;
  clip4j_hits* hits_ = nullptr;
};

using Rows = std::vector<int64_t>;

TEST_F(Api, Searches) {
  const float rows[] = {1, 0, 0, 1, 3, 4, 0, 0};
  clip4j_index* index = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows, 4, 2, &index), CLIP4J_OK);
  {
    Search search(index);
    EXPECT_EQ(clip4j_search_live_handles(), 2);
    EXPECT_GT(clip4j_search_live_bytes(), 0);
    const std::vector<float> queries = {1, 1, 0, -2};
    ASSERT_EQ(search.run(queries, {99}), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{2, 0, 1, 3}));
    EXPECT_EQ(search.rows(1), (Rows{0, 3, 2, 1}));
    EXPECT_EQ(search.ids(1), (Rows{0, 3, 2, 1}));
    EXPECT_DOUBLE_EQ(search.found.score[0], 7 / (5 * std::sqrt(2.0)));
    EXPECT_EQ(search.found.score[4], 0);
    ASSERT_EQ(search.run(queries, {1, 2}, CLIP4J_DOT), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{2}));
    EXPECT_EQ(search.rows(1), (Rows{0, 3}));
    EXPECT_EQ(search.found.score[0], 7);
    search.request.minimum_score = 1;
    ASSERT_EQ(search.run(queries, {CLIP4J_ALL_ROWS}, CLIP4J_DOT), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{2, 0, 1}));
    EXPECT_EQ(search.rows(1), (Rows{}));
    EXPECT_EQ(search.run({}, {1}), CLIP4J_OK);
  }
  clip4j_search_index_free(index);
  clip4j_search_index_free(nullptr);
  clip4j_search_hits_free(nullptr);
}

TEST_F(Api, Filters) {
  const float rows[] = {1, 0, 0, 1, 3, 4, 0, 0};
  clip4j_index* index = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows, 4, 2, &index), CLIP4J_OK);
  {
    Search search(index);
    const uint64_t bits[] = {~uint64_t{0} << 1 & ~uint64_t{4}, 5};  // 1, 3 and rows that there are none of
    search.request.filter_rows = bits;
    search.request.filter_words = 2;
    search.request.filter = CLIP4J_ALLOW;
    ASSERT_EQ(search.run({1, 1}, {9}), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{1, 3}));
    search.request.filter = CLIP4J_DENY;
    ASSERT_EQ(search.run({1, 1}, {9}), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{2, 0}));
    search.request.filter_words = 0;
    ASSERT_EQ(search.run({1, 1}, {9}), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{2, 0, 1, 3}));
    search.request.filter = CLIP4J_ALLOW;
    ASSERT_EQ(search.run({1, 1}, {9}), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{}));
    search.request.filter_words = -1;
    EXPECT_EQ(search.run({1, 1}, {9}), CLIP4J_INVALID_ARGUMENT);
    const int64_t id = 1;
    search.request.filter_ids = {&id, nullptr, 1, CLIP4J_INT64_IDS, 0};
    ASSERT_EQ(search.run({1, 1}, {9}), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{1}));
    search.request.filter_ids = {&id, "1", 1, CLIP4J_STRING_IDS, 0};
    EXPECT_EQ(search.run({1, 1}, {9}), CLIP4J_INVALID_ARGUMENT);
    search.request.filter = 3;
    EXPECT_EQ(search.run({1, 1}, {9}), CLIP4J_INVALID_ARGUMENT);
  }
  clip4j_search_index_free(index);
}

TEST_F(Api, ChangesAnIndexWithIds) {
  const clip4j_schema schema{"", 2, CLIP4J_STRING_IDS};
  clip4j_index* index = nullptr;
  ASSERT_EQ(clip4j_search_index_create_in_memory(&schema, &index), CLIP4J_OK);
  {
    Search search(index);
    EXPECT_EQ(search.run({1, 1}, {3}), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{}));
    const float rows[] = {1, 0, 0, 1};
    const int64_t ends[] = {3, 6};
    const clip4j_ids ids{ends, "onetwo", 2, CLIP4J_STRING_IDS, 0};
    ASSERT_EQ(clip4j_search_index_add(index, rows, 2, &ids, 0), CLIP4J_OK);
    ASSERT_EQ(search.run({1, 2}, {3}), CLIP4J_OK);
    EXPECT_EQ(search.rows(0), (Rows{1, 0}));
    EXPECT_EQ(search.ids(0), (Rows{3, 6}));
    EXPECT_EQ(std::string(search.found.id_text, 6), "twoone");
    EXPECT_EQ(clip4j_search_index_add(index, rows, 2, &ids, 0), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("\"one\" is in the index already"));
    int64_t number = 0;
    const clip4j_ids two{ends, "two", 1, CLIP4J_STRING_IDS, 0};
    const int64_t descending[] = {3, 1};
    const clip4j_ids backwards{descending, "two", 2, CLIP4J_STRING_IDS, 0};
    uint8_t known[2];
    EXPECT_EQ(clip4j_search_index_rows(index, &backwards, nullptr, known), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("id 1 ends before it begins"));
    search.request.filter = CLIP4J_ALLOW;
    search.request.filter_ids = backwards;
    EXPECT_EQ(search.run({1, 1}, {3}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("id 1 ends before it begins"));
    const clip4j_ids many{ends, "two", int64_t{1} << 31, CLIP4J_STRING_IDS, 0};
    EXPECT_EQ(clip4j_search_index_remove(index, &many, &number), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("the number of ids is 2147483648"));
    ASSERT_EQ(clip4j_search_index_remove(index, &two, &number), CLIP4J_OK);
    EXPECT_EQ(number, 1);
    ASSERT_EQ(clip4j_search_index_size(index, &number), CLIP4J_OK);
    EXPECT_EQ(number, 1);
    EXPECT_EQ(clip4j_search_index_commit(index), CLIP4J_UNSUPPORTED);
  }
  clip4j_search_index_free(index);
}

// What clip4j_search_index_ids gives, as words; their memory goes back.
std::vector<std::string> ids_of(const clip4j_index* index, int32_t kind) {
  clip4j_ids ids{};
  void* memory = nullptr;
  EXPECT_EQ(clip4j_search_index_ids(index, &ids, &memory), CLIP4J_OK);
  EXPECT_EQ(ids.kind, kind);
  std::vector<std::string> words;
  for (int64_t i = 0; i < ids.count; ++i) {
    const int64_t begin = kind == CLIP4J_STRING_IDS && i > 0 ? ids.values[i - 1] : 0;
    words.push_back(kind == CLIP4J_STRING_IDS ? std::string(ids.text + begin, ids.text + ids.values[i])
                                              : std::to_string(ids.values[i]));
  }
  clip4j_search_release(memory);
  return words;
}

using Words = std::vector<std::string>;

TEST_F(Api, GivesTheIdsOfAllRows) {
  const float rows[] = {1, 0, 0, 1, 3, 4, 0, 0};
  clip4j_index* index = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows, 4, 2, &index), CLIP4J_OK);
  EXPECT_EQ(ids_of(index, CLIP4J_INT64_IDS), (Words{"0", "1", "2", "3"}));
  clip4j_ids given{};
  void* memory = nullptr;
  EXPECT_EQ(clip4j_search_index_ids(nullptr, &given, &memory), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_ids(index, nullptr, &memory), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_ids(index, &given, nullptr), CLIP4J_INVALID_ARGUMENT);
  clip4j_search_index_free(index);
  const int64_t numbers[] = {7, INT64_MIN, -1, 8}, ends[] = {3, 3, 6, 11};
  for (const int32_t kind : {CLIP4J_INT64_IDS, CLIP4J_STRING_IDS}) {
    const bool strings = kind == CLIP4J_STRING_IDS;
    const clip4j_schema schema{"", 2, kind};
    ASSERT_EQ(clip4j_search_index_create_in_memory(&schema, &index), CLIP4J_OK);
    EXPECT_EQ(ids_of(index, kind), Words{});
    const clip4j_ids ids{strings ? ends : numbers, "onetwothree", 4, kind, 0};
    ASSERT_EQ(clip4j_search_index_add(index, rows, 4, &ids, 0), CLIP4J_OK);
    EXPECT_EQ(ids_of(index, kind),
              strings ? (Words{"one", "", "two", "three"}) : (Words{"7", "-9223372036854775808", "-1", "8"}));
    int64_t removed = 0;
    const clip4j_ids first{strings ? ends : numbers, "one", 2, kind, 0};
    ASSERT_EQ(clip4j_search_index_remove(index, &first, &removed), CLIP4J_OK);
    ASSERT_EQ(clip4j_search_index_add(index, rows, 1, &first, 0), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(ids_of(index, kind), strings ? (Words{"two", "three"}) : (Words{"-1", "8"}));
    clip4j_search_index_free(index);
  }
}

TEST_F(Api, SaysWhatIsWrongWithAnIndex) {
  const float rows[] = {1, NAN, 3, 4};
  clip4j_index* index = nullptr;
  EXPECT_EQ(clip4j_search_index_create(rows, 2, 2, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("row 0 "));
  EXPECT_EQ(clip4j_search_index_create(rows, 0, 2, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_create(rows, -1, 2, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_index_create(rows, int64_t{1} << 31, 2, &index), CLIP4J_INVALID_ARGUMENT);
  for (const int32_t dimension : {0, -1, INT32_MIN, 1 << 29, INT32_MAX}) {
    EXPECT_EQ(clip4j_search_index_create(rows, 1, dimension, &index), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("the dimension must be from 1 to 536870911, not "));
    const clip4j_schema schema{"", dimension, CLIP4J_INT64_IDS};
    EXPECT_EQ(clip4j_search_index_create_in_memory(&schema, &index), CLIP4J_INVALID_ARGUMENT);
  }
  EXPECT_EQ(clip4j_search_index_create(nullptr, 1, 1, &index), CLIP4J_INVALID_ARGUMENT);
  EXPECT_TRUE(error_says("rows is null"));
  EXPECT_EQ(clip4j_search_index_create(rows, 1, 1, nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(index, nullptr);
}

TEST_F(Api, SaysWhatIsWrongWithASearch) {
  const float rows[] = {1, 2, 3, 4};
  clip4j_index* index = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows, 2, 2, &index), CLIP4J_OK);
  {
    Search search(index);
    EXPECT_EQ(search.run({1, 1}, {0}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("k must be at least 1, not 0"));
    EXPECT_EQ(search.run({1, 1}, {INT64_MIN}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(search.run({1, 1}, {1, 1}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(search.run({1, 1}, {}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(search.run({1, 1}, {1}, 2), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(search.run({1, 1, 0, -0.0f}, {1}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("query 1 is zero"));
    search.request.first_query = int64_t{1} << 40;
    EXPECT_EQ(search.run({1, 1, 0, 0}, {1}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("query 1099511627777 is zero"));
    EXPECT_EQ(search.run({NAN, 1}, {1}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("query 1099511627776 has"));
    search.request.first_query = 0;
    EXPECT_EQ(search.run({1, 1, 0, 0}, {1}, CLIP4J_DOT), CLIP4J_OK);
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
      EXPECT_EQ(search.run({1, 1, 1, 1, bad, 1}, {1}, CLIP4J_DOT), CLIP4J_INVALID_ARGUMENT);
      EXPECT_TRUE(error_says("query 2 "));
    }
    search.request.minimum_score = NAN;
    EXPECT_EQ(search.run({1, 1}, {1}), CLIP4J_INVALID_ARGUMENT);
    EXPECT_TRUE(error_says("minimum"));
    search.request.minimum_score = -INFINITY;
    EXPECT_EQ(search.run({1, 1}, {INT64_MAX}), CLIP4J_OK);
    EXPECT_EQ(clip4j_search_hits_create(nullptr), CLIP4J_INVALID_ARGUMENT);
    clip4j_hits* hits = nullptr;
    ASSERT_EQ(clip4j_search_hits_create(&hits), CLIP4J_OK);
    const auto* request = &search.request;
    auto* found = &search.found;
    const auto call = clip4j_search_index_search;
    EXPECT_EQ(call(index, nullptr, 1, request, hits, found), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(call(index, rows, -1, request, hits, found), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(call(nullptr, rows, 1, request, hits, found), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(call(index, rows, 1, nullptr, hits, found), CLIP4J_INVALID_ARGUMENT);
    EXPECT_EQ(call(index, rows, 1, request, nullptr, found), CLIP4J_INVALID_ARGUMENT);
    clip4j_search_hits_free(hits);
  }
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
  EXPECT_EQ(clip4j_search_normalize(rows, 1, INT32_MAX), CLIP4J_INVALID_ARGUMENT);
}

TEST_F(Api, NamesItsKernel) {
  EXPECT_STREQ(clip4j_search_kernel(), name(instruction_set()));
  EXPECT_GE(clip4j_search_threads(), 1);
}

}  // namespace
}  // namespace clip4j::search::test
