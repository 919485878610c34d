// Position embeddings for another grid, against numbers of torch.nn.functional.interpolate.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "clip/positions.h"
#include "clip_fixture.h"

namespace clip4j::test {
namespace {

Buffer filled(const std::vector<float>& values) {
  Buffer buffer(static_cast<int64_t>(values.size()));
  std::ranges::copy(values, buffer.data());
  return buffer;
}

TEST(ClipPositions, Larger) {
  const std::vector<float> expected{
      -0.25f,     0.75f,        -1.926888f,  0.1140857f,  0.9724073f, 0.8754182f, 1.560176f,
      0.7578645f, -0.587166f,   -0.1538587f, -0.6606917f, 1.108206f,  0.9744818f, 0.5597346f,
      1.833462f,  0.2742881f,   1.297212f,   0.4575778f,  2.522844f,  0.8730988f, 1.629407f,
      0.1567343f, 1.327602f,    0.5898693f,  1.834928f,   1.860359f,  5.329458f,  -0.421803f,
      2.465203f,  -0.04315466f, 0.4071517f,  1.47718f,    0.63847f,   3.043549f};
  const Buffer resized =
      resized_positions(filled({-0.25f, 0.75f, -1.5f, 0.25f, 2.0f,  1.0f,   -0.25f, 0.0f, 0.75f, 1.25f,
                                1.5f,   -0.0f, 2.0f,  1.0f,  4.75f, -0.25f, 1.0f,   0.5f, 0.75f, 2.75f}),
                        /*leading=*/1, /*from=*/3, /*to=*/4, /*hidden=*/2, CLIP4J_BICUBIC);
  ASSERT_EQ(resized.size(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(resized.data()[i], expected[i], 2e-6) << i;
}

TEST(ClipPositions, Smaller) {
  const std::vector<float> expected{-0.1306973f, -0.2999674f, -0.672897f, 0.2244556f, -0.4142869f, 0.2471265f,
                                    0.03930659f, -2.110307f,  2.32251f,   1.417236f,  -2.596128f,  1.299f,
                                    -0.6633939f, -1.074768f,  2.552997f,  2.879169f,  -0.4434513f, 1.405672f};
  const Buffer resized = resized_positions(
      filled({0.0f,   -0.25f, 0.75f,  -1.75f, -2.5f, 2.0f,  0.25f,  -0.25f, -2.0f,  0.25f, 1.25f,
              1.75f,  1.0f,   -0.5f,  -2.25f, 1.25f, 1.25f, -4.75f, 2.5f,   -0.5f,  1.25f, 3.75f,
              -3.25f, 1.0f,   -1.75f, -1.0f,  2.75f, 2.75f, 1.25f,  2.25f,  -0.25f, 1.25f}),
      /*leading=*/0, /*from=*/4, /*to=*/3, /*hidden=*/2, CLIP4J_BICUBIC);
  ASSERT_EQ(resized.size(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(resized.data()[i], expected[i], 2e-6) << i;
}

TEST(ClipPositions, One) {
  const std::vector<float> expected{2.75f, 3.0f, 2.75f, 3.0f, 2.75f, 3.0f, 2.75f, 3.0f};
  const Buffer resized = resized_positions(filled({2.75f, 3.0f}),
                                           /*leading=*/0, /*from=*/1, /*to=*/2, /*hidden=*/2, CLIP4J_BICUBIC);
  ASSERT_EQ(resized.size(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(resized.data()[i], expected[i], 2e-6) << i;
}

}  // namespace
}  // namespace clip4j::test
