#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "base/error.h"
#include "cuda/preprocess.h"
#include "cuda_emulator.h"
#include "image/gpu_plan.h"
#include "image/normalize.h"
#include "image/resize.h"

// The preprocessing of a GPU, its kernel run by the emulator, against that of the CPU: equal to the bit.
namespace clip4j::image {
namespace {

using cuda::test::Emulated;

Pixels noise(int width, int height, uint32_t seed) {
  Pixels picture{width, height, std::vector<uint8_t>(size_t{3} * width * height)};
  std::mt19937 random(seed);
  for (uint8_t& value : picture.rgb) value = static_cast<uint8_t>(random());
  return picture;
}

clip4j_preprocessing clip(int side, int filter) {
  clip4j_preprocessing options{};
  options.resize_mode = CLIP4J_SHORTER_SIDE;
  options.resize_height = side;
  options.crop_height = options.crop_width = side;
  options.resample = filter;
  options.scale = 1 / 255.0F;
  for (int c = 0; c < 3; ++c) {
    options.mean[c] = 0.4F + 0.01F * static_cast<float>(c);
    options.std[c] = 0.26F + 0.01F * static_cast<float>(c);
  }
  options.fill = 0x102030;
  return options;
}

// A batch of pictures of any sizes whose results have one size, as floats.
std::vector<float> on_gpu(const std::vector<Pixels>& pictures, const clip4j_preprocessing& options,
                          int patch) {
  std::vector<GpuPlan> plans;
  for (const Pixels& picture : pictures) {
    plans.push_back(GpuPlan::make(picture.width, picture.height, options).value());
  }
  GpuBatch batch;
  for (size_t i = 0; i < pictures.size(); ++i) {
    batch.add(plans[i], pictures[i].rgb.data(), plans[i].numbers().data());
  }
  const NormalizedValues values = normalized_values(options);
  std::vector<float> results(pictures.size() * 3 * plans[0].height() * plans[0].width(), -100.0F);
  const cuda::Preprocess all =
      batch.all(batch.pictures().data(), values[0].data(), options.fill, patch, results.data());
  cuda::test::emulate(all.tiles() * static_cast<int32_t>(pictures.size()), batch.shared_bytes(),
                      [&](Emulated& machine) { cuda::Preprocessor<float, Emulated>(all, machine).run(); });
  return results;
}

std::vector<float> on_cpu(const Pixels& picture, const clip4j_preprocessing& options, int patch) {
  const Pixels crop = resize_crop(picture, options);
  const int side = patch == 0 ? crop.width : patch;
  std::vector<float> results(size_t{3} * (crop.width / side * side) * (crop.height / side * side));
  normalize_to_patches(crop, options, side, results.data());
  return results;
}

TEST(GpuPreprocessing, IsTheCpusToTheBit) {
  for (const int filter : {1, 2, 3, 4, 5}) {
    const clip4j_preprocessing options = clip(40, filter);
    std::vector<Pixels> pictures;
    uint32_t seed = 1;
    // Larger, smaller, of that size, ribbons, and one that goes across the rows first.
    for (const auto& [width, height] :
         {std::pair{97, 61}, {31, 200}, {40, 40}, {20, 30}, {300, 41}, {45, 160}}) {
      pictures.push_back(noise(width, height, seed++));
    }
    const std::vector<float> results = on_gpu(pictures, options, 0);
    const size_t size = 3 * 40 * 40;
    for (size_t i = 0; i < pictures.size(); ++i) {
      const std::vector<float> expected = on_cpu(pictures[i], options, 0);
      ASSERT_EQ(expected.size(), size);
      EXPECT_EQ(std::memcmp(&results[i * size], expected.data(), size * sizeof(float)), 0)
          << "filter " << filter << ", picture " << i;
    }
  }
}

TEST(GpuPreprocessing, GoesAcrossTheRowsFirstAsPillowDoes) {
  clip4j_preprocessing options = clip(24, 3);
  options.resize_mode = CLIP4J_EXACT;
  options.resize_width = 24;
  const Pixels picture = noise(30, 200, 9);
  ASSERT_TRUE(plan(30, 200, options).rows_first());
  EXPECT_EQ(on_gpu({picture}, options, 0), on_cpu(picture, options, 0));
}

TEST(GpuPreprocessing, WritesPatches) {
  const clip4j_preprocessing options = clip(48, 3);
  const Pixels picture = noise(70, 64, 10);
  EXPECT_EQ(on_gpu({picture}, options, 16), on_cpu(picture, options, 16));
  // 48 is no multiple of 20: the edge is ignored.
  const std::vector<float> whole = on_cpu(picture, options, 20);
  std::vector<float> results = on_gpu({picture}, options, 20);
  results.resize(whole.size());
  EXPECT_EQ(results, whole);
}

TEST(GpuPreprocessing, FillsWhatThePictureDoesNotCover) {
  clip4j_preprocessing options = clip(20, 3);
  options.crop_height = options.crop_width = 64;
  const Pixels picture = noise(33, 25, 11);
  EXPECT_EQ(on_gpu({picture}, options, 0), on_cpu(picture, options, 0));
}

TEST(GpuPreprocessing, LargePicturesTakeSmallerTiles) {
  const clip4j_preprocessing options = clip(16, 3);
  const Pixels picture = noise(1300, 1200, 12);
  EXPECT_LT(GpuPlan::make(1300, 1200, options)->tile_rows(), cuda::kMostPixelTileRows);
  EXPECT_EQ(on_gpu({picture}, options, 0), on_cpu(picture, options, 0));
}

TEST(GpuPreprocessing, LeavesTheRestToTheCpu) {
  EXPECT_FALSE(GpuPlan::make(100, 100, clip(16, 0)));
  EXPECT_FALSE(GpuPlan::make(20000, 20000, clip(16, 3)));
  EXPECT_THROW(GpuPlan::make(0, 10, clip(16, 3)), Error);
}

}  // namespace
}  // namespace clip4j::image
