// Each attention kernel that this CPU can run against the definition in double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "base/cpu.h"
#include "clip/kernels/attention.h"

namespace clip4j::test {
namespace {

struct Kernel {
  const char* name;
  bool runnable;
  AttentionKernel* attend;
  bool rounds = false;  // to bfloat16
};

const Kernel kKernels[] = {{"generic", true, attend_generic},
#if defined(__x86_64__)
                           {"avx2", has(InstructionSet::kAvx2), attend_avx2},
                           {"avx512", has(InstructionSet::kAvx512), attend_avx512},
                           {"avx512bf16", has_bf16(), attend_avx512bf16, true}
#endif
};

class ClipAttention : public testing::TestWithParam<Kernel> {
 protected:
  void SetUp() override {
    if (!GetParam().runnable) GTEST_SKIP() << "this CPU has no " << GetParam().name;
  }
};

// To the nearest bfloat16, ties to even.
float rounded(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
}

// Of one query, all columns.
std::vector<double> expected(const AttentionHead& head, int64_t query) {
  const int64_t seen = head.causal ? query + 1 : head.length;
  std::vector<double> scores;
  double largest = -INFINITY;
  for (int64_t i = 0; i < seen; ++i) {
    double dot = 0;
    for (int64_t d = 0; d < head.width; ++d) {
      dot += double{head.query[query * head.stride + d]} * head.key[i * head.stride + d];
    }
    scores.push_back(dot / std::sqrt(static_cast<double>(head.width)));
    largest = std::max(largest, scores.back());
  }
  double sum = 0;
  std::vector<double> result(static_cast<size_t>(head.width));
  for (int64_t i = 0; i < seen; ++i) {
    const double weight = std::exp(scores[static_cast<size_t>(i)] - largest);
    sum += weight;
    for (int64_t d = 0; d < head.width; ++d) {
      result[static_cast<size_t>(d)] += weight * head.value[i * head.stride + d];
    }
  }
  for (double& value : result) value /= sum;
  return result;
}

TEST_P(ClipAttention, EqualsTheDefinition) {
  std::mt19937 random(3);
  for (const int64_t width : {1, 3, 16, 20, 32, 64, 80, 100}) {
    for (const int64_t length : {1, 2, 5, 6, 7, 15, 16, 17, 31, 50, 64, 65, 77, 130}) {
      for (const bool causal : {false, true}) {
        for (const float spread : {0.5f, 8.0f}) {  // the second makes weights that underflow
          const int64_t stride = 3 * width + 1;
          std::normal_distribution<float> normal(0, spread);
          std::vector<float> rows(static_cast<size_t>(length * stride));
          for (float& value : rows) value = normal(random);
          float largest = 0;
          for (float& value : rows) {
            if (GetParam().rounds) value = rounded(value);
            largest = std::max(largest, std::abs(value));
          }
          // Weights are rounded by 2^-9 of them at most.
          const double tolerance = 1e-5 * spread * spread + (GetParam().rounds ? 0x1p-9 * largest : 0.0);
          std::vector<float> out(static_cast<size_t>(length * (width + 2)), -1);
          std::vector<float> scratch(static_cast<size_t>(attention_scratch(length, width)));
          const AttentionHead head{rows.data(),
                                   rows.data() + width,
                                   rows.data() + 2 * width,
                                   stride,
                                   length,
                                   length,
                                   width,
                                   causal,
                                   out.data(),
                                   width + 2};
          GetParam().attend(head, scratch.data());
          for (int64_t i = 0; i < length; ++i) {
            const std::vector<double> row = expected(head, i);
            for (int64_t d = 0; d < width; ++d) {
              ASSERT_NEAR(out[static_cast<size_t>(i * (width + 2) + d)], row[static_cast<size_t>(d)],
                          tolerance)
                  << GetParam().name << " width " << width << " length " << length << " causal " << causal
                  << " at " << i << ", " << d;
            }
            ASSERT_EQ(out[static_cast<size_t>(i * (width + 2) + width)], -1) << "wrote beyond its columns";
          }
        }
      }
    }
  }
}

TEST_P(ClipAttention, KeepsWhatIsNotFinite) {
  const std::vector<float> rows{NAN, 1, 1, 1, 1, 1};  // two rows of query, key, value
  std::vector<float> out(2), scratch(static_cast<size_t>(attention_scratch(2, 1)));
  const AttentionHead head{&rows[0], &rows[1], &rows[2], 3, 2, 2, 1, false, out.data(), 1};
  GetParam().attend(head, scratch.data());
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[1], 1);
}

INSTANTIATE_TEST_SUITE_P(All, ClipAttention, testing::ValuesIn(kKernels),
                         [](const auto& kernel) { return kernel.param.name; });

}  // namespace
}  // namespace clip4j::test
