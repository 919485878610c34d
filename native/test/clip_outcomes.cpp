// What becomes of pictures and texts that cannot be embedded, and of the others beside them.
#include <algorithm>
#include <cmath>

#include "clip_fixture.h"

namespace clip4j::test {
namespace {

class ClipOutcomes : public SmallModelTest {};

TEST_F(ClipOutcomes, AFailedPictureLeavesTheOthers) {
  const LoadedModel model(config_, weights_);
  std::vector<std::vector<uint8_t>> pictures;
  for (int i = 0; i < 40; ++i) pictures.push_back(random_pixels(config_.image_size, random_));
  const std::vector<float> all = model.embed_images(pictures);
  std::vector<clip4j_image> images;
  for (const auto& pixels : pictures) images.push_back(rgb_image(pixels, config_.image_size));
  const std::string nowhere = "/nowhere/picture.png", nonsense = "this is no picture";
  images[0] = {reinterpret_cast<const uint8_t*>(nowhere.data()),
               static_cast<int64_t>(nowhere.size()),
               CLIP4J_PATH,
               0,
               0,
               0};
  images[17] = {reinterpret_cast<const uint8_t*>(nonsense.data()),
                static_cast<int64_t>(nonsense.size()),
                CLIP4J_ENCODED,
                0,
                0,
                0};
  images[39].width = 34;
  std::vector<float> rows(40 * 20, NAN);
  std::vector<clip4j_outcome> outcomes(40);
  clip4j_timings timings{-1, -1};
  int32_t count = 0;
  ASSERT_EQ(clip4j_embed_images(model.get(), &preprocessing_, images.data(), 40, rows.data(), &count,
                                outcomes.data(), &timings),
            CLIP4J_OK)
      << clip4j_last_error();
  EXPECT_EQ(count, 37);
  EXPECT_GE(timings.preprocess_ms, 0);
  EXPECT_GT(timings.encode_ms, 0);
  EXPECT_EQ(outcomes[0].status, CLIP4J_MISSING) << outcomes[0].message;
  EXPECT_NE(outcomes[17].status, CLIP4J_OK);
  EXPECT_EQ(outcomes[39].status, CLIP4J_INVALID_ARGUMENT) << outcomes[39].message;
  size_t row = 0;
  for (size_t i = 0; i < 40; ++i) {
    if (outcomes[i].status != CLIP4J_OK) {
      EXPECT_NE(outcomes[i].message[0], '\0');
      continue;
    }
    EXPECT_STREQ(outcomes[i].message, "");
    EXPECT_TRUE(std::equal(&rows[row * 20], &rows[row * 20] + 20, &all[i * 20])) << i;
    ++row;
  }
}

TEST_F(ClipOutcomes, NoSilentVectors) {
  Checkpoint zero = weights_;
  std::ranges::fill(zero["visual_projection.weight"].values, 0.0f);
  std::ranges::fill(zero["text_projection.weight"].values, 3e38f);
  const LoadedModel model(config_, zero);
  const std::vector<uint8_t> pixels = random_pixels(config_.image_size, random_);
  const clip4j_image image = rgb_image(pixels, config_.image_size);
  float row[20];
  clip4j_outcome outcome;
  int32_t count = -1;
  ASSERT_EQ(clip4j_embed_images(model.get(), &preprocessing_, &image, 1, row, &count, &outcome, nullptr),
            CLIP4J_OK);
  EXPECT_EQ(count, 0);
  EXPECT_EQ(outcome.status, CLIP4J_CORRUPT);
  EXPECT_STREQ(outcome.message, "the model's embedding of it is zero");
  const int32_t ids[] = {0, 49}, lengths[] = {2};
  EXPECT_EQ(clip4j_embed_texts(model.get(), ids, lengths, 1, row, nullptr), CLIP4J_CORRUPT);
  EXPECT_STREQ(clip4j_last_error(), "text 0: the model's embedding of it is not finite");
}

// It becomes known only when the rows of all are there.
TEST_F(ClipOutcomes, AnEmbeddingThatIsNotFiniteLeavesTheOthers) {
  const LoadedModel model(config_, weights_);
  clip4j_preprocessing wild = preprocessing_;
  wild.scale = 1;
  std::ranges::fill(wild.mean, 0.0F);
  std::ranges::fill(wild.std, 1e-38F);
  const auto size = static_cast<size_t>(3 * config_.image_size * config_.image_size);
  const std::vector<uint8_t> black(size, 0), white(size, 255);  // white divided by `std` is infinite
  const clip4j_image images[] = {rgb_image(black, config_.image_size), rgb_image(white, config_.image_size),
                                 rgb_image(black, config_.image_size)};
  std::vector<float> rows(3 * 20);
  clip4j_outcome outcomes[3];
  int32_t count = -1;
  ASSERT_EQ(clip4j_embed_images(model.get(), &wild, images, 3, rows.data(), &count, outcomes, nullptr),
            CLIP4J_OK);
  EXPECT_EQ(count, 2);
  EXPECT_STREQ(outcomes[1].message, "the model's embedding of it is not finite");
  EXPECT_TRUE(std::equal(&rows[0], &rows[20], &rows[20]));
}

}  // namespace
}  // namespace clip4j::test
