#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "clip4j_search.h"
#include "search_reference.h"

// A search on a GPU through the C ABI, with a library that is loaded as the real one is and emulates its
// kernels.
namespace {

constexpr int32_t kDimension = 12;

struct Answer {
  std::vector<int64_t> offset, row, id;
  std::vector<double> score;
  bool operator==(const Answer&) const = default;
};

// Searches through `call`, a function of clip4j_search.h.
template <typename Call, typename Index>
Answer ask(const Call& call, const Index* index, const std::vector<float>& queries,
           const clip4j_request& request) {
  const auto count = static_cast<int32_t>(queries.size() / kDimension);
  clip4j_hits* hits = nullptr;
  clip4j_found found{};
  EXPECT_EQ(clip4j_search_hits_create(&hits), CLIP4J_OK);
  EXPECT_EQ(call(index, queries.data(), count, &request, hits, &found), CLIP4J_OK)
      << clip4j_search_last_error();
  Answer answer;
  answer.offset.assign(found.offset, found.offset + count + 1);
  const int64_t all = answer.offset.back();
  answer.row.assign(found.row, found.row + all);
  answer.id.assign(found.id, found.id + all);
  answer.score.assign(found.score, found.score + all);
  clip4j_search_hits_free(hits);
  return answer;
}

class GpuApi : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(clip4j_search_live_handles(), 0); }
};

TEST_F(GpuApi, FindsWhatTheIndexHadWhenItWasCopied) {
  const auto rows = clip4j::search::test::normal(700, kDimension, 1),
             queries = clip4j::search::test::normal(3, kDimension, 2);
  std::vector<int64_t> numbers(700);
  for (int64_t i = 0; i < 700; ++i) numbers[i] = 10 * i;
  const clip4j_schema schema{"", kDimension, CLIP4J_INT64_IDS};
  const clip4j_ids ids{numbers.data(), nullptr, 700, CLIP4J_INT64_IDS, 0},
      some{numbers.data() + 100, nullptr, 50, CLIP4J_INT64_IDS, 0};
  clip4j_index* index = nullptr;
  int64_t removed = 0;
  ASSERT_EQ(clip4j_search_index_create_in_memory(&schema, &index), CLIP4J_OK);
  ASSERT_EQ(clip4j_search_index_add(index, rows.values.data(), 700, &ids, 0), CLIP4J_OK);
  ASSERT_EQ(clip4j_search_index_remove(index, &some, &removed), CLIP4J_OK);
  clip4j_gpu_index* gpu = nullptr;
  ASSERT_EQ(clip4j_search_gpu_create(index, EMULATED_GPU, 0, -1, &gpu), CLIP4J_OK)
      << clip4j_search_last_error();
  const int64_t k = 9;
  clip4j_request request{&k, 1, -INFINITY, CLIP4J_COSINE, CLIP4J_NO_FILTER, {}, nullptr, 0, 0};
  const Answer before = ask(clip4j_search_index_search, index, queries.values, request);
  EXPECT_EQ(ask(clip4j_search_gpu_search, gpu, queries.values, request), before);
  request.filter = CLIP4J_DENY;
  request.filter_ids = {before.id.data(), nullptr, 4, CLIP4J_INT64_IDS, 0};
  EXPECT_EQ(ask(clip4j_search_gpu_search, gpu, queries.values, request),
            ask(clip4j_search_index_search, index, queries.values, request));
  request.filter = CLIP4J_NO_FILTER;
  ASSERT_EQ(clip4j_search_index_remove(index, &ids, &removed), CLIP4J_OK);
  EXPECT_EQ(ask(clip4j_search_gpu_search, gpu, queries.values, request), before);
  int64_t size = 0;
  EXPECT_EQ(clip4j_search_gpu_size(gpu, &size), CLIP4J_OK);
  EXPECT_EQ(size, 650);
  EXPECT_EQ(clip4j_search_gpu_size(nullptr, &size), CLIP4J_INVALID_ARGUMENT);
  clip4j_gpu_memory use{};
  EXPECT_EQ(clip4j_search_gpu_memory(gpu, &use), CLIP4J_OK);
  EXPECT_GT(use.resident, 700 * kDimension);
  EXPECT_EQ(use.pinned, 0);
  const char* multiplies = nullptr;
  EXPECT_EQ(clip4j_search_gpu_kernel(gpu, &multiplies), CLIP4J_OK);
  EXPECT_STREQ(multiplies, "mma");
  EXPECT_EQ(clip4j_search_gpu_kernel(nullptr, &multiplies), CLIP4J_INVALID_ARGUMENT);
  clip4j_search_gpu_free(gpu);
  clip4j_search_index_free(index);
}

TEST_F(GpuApi, AnEmptyIndexHasNoHits) {
  const clip4j_schema schema{"", kDimension, CLIP4J_ROW_NUMBERS};
  clip4j_index* index = nullptr;
  clip4j_gpu_index* gpu = nullptr;
  ASSERT_EQ(clip4j_search_index_create_in_memory(&schema, &index), CLIP4J_OK);
  ASSERT_EQ(clip4j_search_gpu_create(index, EMULATED_GPU, 0, -1, &gpu), CLIP4J_OK)
      << clip4j_search_last_error();
  const int64_t k = 9;
  const clip4j_request request{&k, 1, -INFINITY, CLIP4J_COSINE, CLIP4J_NO_FILTER, {}, nullptr, 0, 0};
  const std::vector<float> query(kDimension, 1);
  EXPECT_TRUE(ask(clip4j_search_gpu_search, gpu, query, request).row.empty());
  clip4j_search_gpu_free(gpu);
  clip4j_search_index_free(index);
}

TEST_F(GpuApi, SaysWhatIsMissing) {
  const std::vector<float> rows(kDimension, 1);
  clip4j_index* index = nullptr;
  clip4j_gpu_index* gpu = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows.data(), 1, kDimension, &index), CLIP4J_OK);
  EXPECT_EQ(clip4j_search_gpu_create(index, "/no/library.so", 0, -1, &gpu), CLIP4J_MISSING);
  EXPECT_NE(std::strstr(clip4j_search_last_error(), "/no/library.so"), nullptr);
  EXPECT_EQ(clip4j_search_gpu_create(index, EMULATED_GPU, 1, -1, &gpu), CLIP4J_UNSUPPORTED);
  EXPECT_STREQ(clip4j_search_last_error(),
               "there is no CUDA device 1: this process sees 1, the first of which is 0 "
               "(CUDA_VISIBLE_DEVICES may hide some)");
  EXPECT_EQ(clip4j_search_gpu_create(index, nullptr, 0, -1, &gpu), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_search_gpu_create(nullptr, EMULATED_GPU, 0, -1, &gpu), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(gpu, nullptr);
  EXPECT_EQ(clip4j_search_gpu_search(nullptr, rows.data(), 1, nullptr, nullptr, nullptr),
            CLIP4J_INVALID_ARGUMENT);
  clip4j_search_gpu_free(nullptr);
  clip4j_search_index_free(index);
}

#ifdef CUDA_LIBRARY
// The real library, on a machine with a GPU or without.
TEST_F(GpuApi, TheRealLibrarySearchesOrSaysWhyNot) {
  const auto rows = clip4j::search::test::normal(100000, kDimension, 3),
             queries = clip4j::search::test::normal(40, kDimension, 4);
  clip4j_index* index = nullptr;
  clip4j_gpu_index* gpu = nullptr;
  ASSERT_EQ(clip4j_search_index_create(rows.values.data(), rows.rows, kDimension, &index), CLIP4J_OK);
  const int32_t status = clip4j_search_gpu_create(index, CUDA_LIBRARY, 0, -1, &gpu);
  if (status == CLIP4J_OK) {
    const int64_t k = 9;
    const clip4j_request request{&k, 1, -INFINITY, CLIP4J_COSINE, CLIP4J_NO_FILTER, {}, nullptr, 0, 0};
    EXPECT_EQ(ask(clip4j_search_gpu_search, gpu, queries.values, request),
              ask(clip4j_search_index_search, index, queries.values, request));
  } else {
    EXPECT_EQ(status, CLIP4J_UNSUPPORTED);
    const std::string why = clip4j_search_last_error();
    EXPECT_TRUE(why.find("CUDA") != std::string::npos && why.find('\n') == std::string::npos) << why;
  }
  clip4j_search_gpu_free(gpu);
  clip4j_search_index_free(index);
}
#endif

}  // namespace
