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

// Of two values a place.
void expect_resized(const std::vector<float>& stored, int64_t leading, int64_t from, int64_t to,
                    clip4j_position_filter filter, const std::vector<float>& expected) {
  const Buffer resized = resized_positions(filled(stored), leading, from, to, /*hidden=*/2, filter);
  ASSERT_EQ(resized.size(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(resized.data()[i], expected[i], 2e-6) << i;
}

TEST(ClipPositions, Larger) {
  const std::vector<float> expected{
      -0.25f,     0.75f,        -1.926888f,  0.1140857f,  0.9724073f, 0.8754182f, 1.560176f,
      0.7578645f, -0.587166f,   -0.1538587f, -0.6606917f, 1.108206f,  0.9744818f, 0.5597346f,
      1.833462f,  0.2742881f,   1.297212f,   0.4575778f,  2.522844f,  0.8730988f, 1.629407f,
      0.1567343f, 1.327602f,    0.5898693f,  1.834928f,   1.860359f,  5.329458f,  -0.421803f,
      2.465203f,  -0.04315466f, 0.4071517f,  1.47718f,    0.63847f,   3.043549f};
  expect_resized({-0.25f, 0.75f, -1.5f, 0.25f, 2.0f,  1.0f,   -0.25f, 0.0f, 0.75f, 1.25f,
                  1.5f,   -0.0f, 2.0f,  1.0f,  4.75f, -0.25f, 1.0f,   0.5f, 0.75f, 2.75f},
                 /*leading=*/1, /*from=*/3, /*to=*/4, CLIP4J_BICUBIC, expected);
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
  expect_resized({2.75f, 3.0f}, /*leading=*/0, /*from=*/1, /*to=*/2, CLIP4J_BICUBIC, expected);
}

TEST(ClipPositions, LargerAntialiased) {
  const std::vector<float> expected{
      -0.25f,     0.75f,       -1.807878f,  0.1531243f,  0.8340756f, 0.8107975f, 1.388332f,
      0.6999463f, -0.4925791f, -0.1099354f, -0.4797307f, 1.015625f,  0.9740607f, 0.566839f,
      1.691639f,  0.3548839f,  1.223144f,   0.5126374f,  2.459482f,  0.7939227f, 1.668307f,
      0.2440327f, 1.353693f,   0.6710536f,  1.712875f,   1.807281f,  5.167131f,  -0.3729951f,
      2.481582f,  0.04474996f, 0.5863567f,  1.450245f,   0.6695952f, 2.962366f};
  expect_resized({-0.25f, 0.75f, -1.5f, 0.25f, 2.0f,  1.0f,   -0.25f, 0.0f, 0.75f, 1.25f,
                  1.5f,   -0.0f, 2.0f,  1.0f,  4.75f, -0.25f, 1.0f,   0.5f, 0.75f, 2.75f},
                 /*leading=*/1, /*from=*/3, /*to=*/4, CLIP4J_BICUBIC_ANTIALIASED, expected);
}

TEST(ClipPositions, SmallerAntialiased) {
  const std::vector<float> expected{-0.3172999f, 0.5481368f, 0.1487209f, -0.2264437f,
                                    -1.313161f,  0.6872592f, 0.1081904f, -0.1031103f};
  expect_resized(
      {0.0f,  -0.25f, 0.75f,  -1.75f, -2.5f,  2.0f,  0.25f,  -0.25f, -2.0f,  0.25f,  1.25f, 1.75f,  1.0f,
       -0.5f, -2.25f, 1.25f,  1.25f,  -4.75f, 2.5f,  -0.5f,  1.25f,  3.75f,  -3.25f, 1.0f,  -1.75f, -1.0f,
       2.75f, 2.75f,  1.25f,  2.25f,  -0.25f, 1.25f, -3.25f, 2.75f,  -2.75f, -0.25f, 0.75f, 0.25f,  -1.25f,
       -0.0f, -0.75f, -1.75f, -1.25f, -0.5f,  1.0f,  -1.75f, 1.0f,   3.0f,   -0.5f,  -6.25f},
      /*leading=*/0, /*from=*/5, /*to=*/2, CLIP4J_BICUBIC_ANTIALIASED, expected);
}

TEST(ClipPositions, OneAntialiased) {
  const std::vector<float> expected{-3.0f, 1.5f, -3.0f, 1.5f, -3.0f, 1.5f, -3.0f, 1.5f};
  expect_resized({-3.0f, 1.5f}, /*leading=*/0, /*from=*/1, /*to=*/2, CLIP4J_BICUBIC_ANTIALIASED, expected);
}

}  // namespace
}  // namespace clip4j::test
