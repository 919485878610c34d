#include <algorithm>
#include <ctime>
#include <random>

#include "base/crc32.h"
#include "image/normalize.h"
#include "image/resample.h"
#include "image/resize.h"
#include "image_testing.h"

namespace clip4j::image {
namespace {

// The noise of data/make_goldens.py.
Pixels noise(int width, int height) {
  Pixels picture{width, height, std::vector<uint8_t>(size_t{3} * static_cast<size_t>(width * height))};
  uint32_t state = 1;
  for (uint8_t& value : picture.rgb) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<uint8_t>(state >> 24);
  }
  return picture;
}

TEST(Resize, EqualsPillow) {
  for (const std::vector<std::string>& row : load_table("resizes.tsv")) {
    std::vector<int> n;
    for (size_t i = 0; i + 1 < row.size(); ++i) n.push_back(std::stoi(row[i]));
    SCOPED_TRACE(text(n[0], " x ", n[1], ", mode ", n[2], " ", n[3], " ", n[4], ", filter ", n[5], ", crop ",
                      n[6], " x ", n[7]));
    clip4j_preprocessing options = preprocessing();
    options.resize_mode = n[2];
    options.resize_height = n[3];
    options.resize_width = n[4];
    options.resample = n[5];
    options.crop_height = n[6];
    options.crop_width = n[7];
    const Pixels result = resize_crop(noise(n[0], n[1]), options);
    EXPECT_EQ(result.width, n[8]);
    EXPECT_EQ(result.height, n[9]);
    EXPECT_EQ(crc32(result.rgb), std::stoul(row.back()));
  }
}

// Where the crop begins, and what is around a picture that the crop does not fill.
TEST(Resize, EqualsOpenClip) {
  for (const std::vector<std::string>& row : load_table("open_clip_crops.tsv")) {
    std::vector<int> n;
    for (size_t i = 0; i + 1 < row.size(); ++i) n.push_back(std::stoi(row[i]));
    SCOPED_TRACE(
        text(n[0], " x ", n[1], ", mode ", n[2], ", filter ", n[3], ", size ", n[4], ", fill ", n[5]));
    clip4j_preprocessing options = preprocessing();
    options.resize_mode = n[2];
    options.resample = n[3];
    options.resize_height = options.resize_width = options.crop_height = options.crop_width = n[4];
    options.crop_rounding = CLIP4J_ROUND_HALF_EVEN;
    options.fill = n[5] * 0x010101;
    if (row.back() == "refused") {
      EXPECT_EQ(failure_of([&] { resize_crop(noise(n[0], n[1]), options); }).status, CLIP4J_INVALID_ARGUMENT);
    } else {
      EXPECT_EQ(crc32(resize_crop(noise(n[0], n[1]), options).rgb), std::stoul(row.back()));
    }
  }
}

TEST(Resize, FillsWithAColor) {
  clip4j_preprocessing options = preprocessing();
  options.resize_mode = CLIP4J_NO_RESIZE;
  options.crop_height = 1;
  options.crop_width = 4;
  options.fill = 0x102030;
  const std::vector<uint8_t> before{0x10, 0x20, 0x30, 0x10, 0x20, 0x30, 7, 8, 9, 0x10, 0x20, 0x30};
  EXPECT_EQ(resize_crop({1, 1, {7, 8, 9}}, options).rgb, before);
  options.crop_rounding = CLIP4J_ROUND_HALF_EVEN;
  const std::vector<uint8_t> behind{0x10, 0x20, 0x30, 7, 8, 9, 0x10, 0x20, 0x30, 0x10, 0x20, 0x30};
  EXPECT_EQ(resize_crop({1, 1, {7, 8, 9}}, options).rgb, behind);
}

TEST(Resize, KernelsAgree) {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "no AVX2 here";
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const int in = 1 + static_cast<int>(random() % 300);
    const int out = 1 + static_cast<int>(random() % 300);
    const Axis axis(static_cast<Filter>(1 + random() % 5), in, out, 0, out);
    const int last = 1 + static_cast<int>(random() % static_cast<uint32_t>(out));  // what a crop leaves
    const Axis columns(static_cast<Filter>(1 + random() % 5), in, out, out - last, last);
    std::vector<uint8_t> strip(static_cast<size_t>(kStrip * 3 * in));
    for (uint8_t& value : strip) value = static_cast<uint8_t>(random() % 3 * 127);
    std::vector<uint8_t> scratch(strip_scratch(columns.taps()));
    std::vector<uint8_t> scalar(static_cast<size_t>(kStrip * 3 * last));
    std::vector<uint8_t> vector(scalar.size());
    const uint8_t* from[kStrip];
    uint8_t* to[2][kStrip];
    for (int r = 0; r < kStrip; ++r) {
      from[r] = strip.data() + 3 * in * r;
      to[0][r] = scalar.data() + 3 * last * r;
      to[1][r] = vector.data() + 3 * last * r;
    }
    kScalarResample.along_rows(from, columns.taps(), scratch.data(), to[0]);
    kAvx2Resample.along_rows(from, columns.taps(), scratch.data(), to[1]);
    ASSERT_EQ(scalar, vector) << in << " to " << out;

    const int bytes = 1 + static_cast<int>(random() % 100);
    std::vector<uint8_t> column(static_cast<size_t>(bytes * in));
    for (uint8_t& value : column) value = static_cast<uint8_t>(random());
    std::vector<const uint8_t*> rows;
    for (int t = axis.first(0); t < axis.end(0); ++t) rows.push_back(column.data() + bytes * t);
    scalar.assign(static_cast<size_t>(bytes), 1);
    vector.assign(static_cast<size_t>(bytes), 2);
    kScalarResample.across_rows(rows.data(), axis.taps(), 0, bytes, scalar.data());
    kAvx2Resample.across_rows(rows.data(), axis.taps(), 0, bytes, vector.data());
    ASSERT_EQ(scalar, vector) << bytes << " bytes of " << in << " rows";
  }
#endif
}

// Wholly resized, these would have 224 x 22,400,000 pixels and more.
TEST(Resize, ComputesOnlyTheCrop) {
  clip4j_preprocessing options = preprocessing();
  options.resize_height = options.crop_height = options.crop_width = 224;
  const std::clock_t begin = std::clock();  // of the CPU: a busy machine makes everything take long
  for (const auto& [width, height] : {std::pair{1, 100'000}, {100'000, 1}, {100'000, 3}, {3, 1'000'000}}) {
    EXPECT_EQ(resize_crop(noise(width, height), options).width, 224);
  }
  EXPECT_LT(std::clock() - begin, 5 * CLOCKS_PER_SEC);
  options.crop_height = options.crop_width = 0;
  EXPECT_EQ(failure_of([&] { resize_crop(noise(1, 100'000), options); }).status, CLIP4J_TOO_LARGE);
}

TEST(Resize, RefusesNonsense) {
  const auto status = [](auto&& change) {
    clip4j_preprocessing options = preprocessing();
    change(options);
    return failure_of([&] { resize_crop(noise(4, 4), options); }).status;
  };
  EXPECT_EQ(status([](auto& o) { o.resize_mode = 4; }), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& o) { o.resize_mode = CLIP4J_FIT; }), CLIP4J_INVALID_ARGUMENT);  // of no width
  EXPECT_EQ(status([](auto& o) { o.crop_rounding = 2; }), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& o) { o.fill = -1; }), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& o) { o.resample = 6; }), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& o) { o.resize_height = 0; }), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& o) { o.crop_height = -1; }), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& o) { o.crop_width = 0; }), CLIP4J_INVALID_ARGUMENT);
}

TEST(Normalize, LaysPatchesOutAsRows) {
  clip4j_preprocessing options = preprocessing();
  const float mean[] = {0.48145466f, 0.4578275f, 0.40821073f};
  const float std[] = {0.26862954f, 0.26130258f, 0.27577711f};
  std::copy_n(mean, 3, options.mean);
  std::copy_n(std, 3, options.std);
  const Pixels picture =
      noise(7, 5);  // two by three patches of 2, and a column and a row that no patch holds
  std::vector<float> rows(2 * 3 * 3 * 2 * 2);
  normalize_to_patches(picture, options, 2, rows.data());
  size_t at = 0;
  for (int patch_y = 0; patch_y < 2; ++patch_y) {
    for (int patch_x = 0; patch_x < 3; ++patch_x) {
      for (int channel = 0; channel < 3; ++channel) {
        for (int y = 0; y < 2; ++y) {
          for (int x = 0; x < 2; ++x) {
            const double value = picture.row(2 * patch_y + y)[3 * (2 * patch_x + x) + channel];
            EXPECT_NEAR(rows[at++], (value / 255 - mean[channel]) / std[channel], 1e-6);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace clip4j::image
