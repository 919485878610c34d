// The C ABI without a JVM: hostile arguments, threads, the end of the process.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <thread>

#include "clip_fixture.h"

namespace clip4j::test {
namespace {

class ClipAbi : public SmallModelTest {};

TEST_F(ClipAbi, RefusesImpossibleConfigs) {
  const std::function<void(clip4j_config&)> faults[] = {
      [](clip4j_config& c) { c.vision.hidden_size = 0; },
      [](clip4j_config& c) { c.vision.hidden_size = std::numeric_limits<int32_t>::max(); },
      [](clip4j_config& c) { c.vision.heads = 5; },
      [](clip4j_config& c) { c.text.heads = -1; },
      [](clip4j_config& c) { c.text.layers = 0; },
      [](clip4j_config& c) { c.text.intermediate_size = -7; },
      [](clip4j_config& c) { c.text.activation = 3; },
      [](clip4j_config& c) { c.text.layer_norm_eps = 0; },
      [](clip4j_config& c) { c.text.layer_norm_eps = NAN; },
      [](clip4j_config& c) { c.patch_size = c.image_size + 1; },
      [](clip4j_config& c) { c.image_size = 8192, c.patch_size = 1; },
      [](clip4j_config& c) { c.projection_dim = 0; },
      [](clip4j_config& c) { c.max_positions = 0; },
      [](clip4j_config& c) { c.end_of_text_id = c.vocabulary_size; },
      [](clip4j_config& c) { c.end_of_text_id = -2; },
      [](clip4j_config& c) { c.position_grid = 0; },
      [](clip4j_config& c) { c.position_grid = 257; },
      [](clip4j_config& c) { c.position_filter = 2; },
      [](clip4j_config& c) { c.vision_pooling = 2; },
      [](clip4j_config& c) { c.text_pooling = -1; },
      [](clip4j_config& c) { c.patch_bias = 2; },
      [](clip4j_config& c) { c.pre_norm = -1; },
      [](clip4j_config& c) { c.vision_projection = 2; },
      [](clip4j_config& c) { c.vision_projection = 0; },
      [](clip4j_config& c) { c.causal_text = 2; },
      [](clip4j_config& c) { c.text_bias = 7; },
      [](clip4j_config& c) { c.logit_bias = 2; },
      [](clip4j_config& c) { c.token_type = -1; },
      [](clip4j_config& c) { c.text.post_norm = 2; },
      [](clip4j_config& c) { c.text_projection_hidden = -1; },
      [](clip4j_config& c) { c.text_pooling = 4; },
      [](clip4j_config& c) { c.text_pooling = CLIP4J_FIRST; },
  };
  for (const auto& fault : faults) {
    clip4j_config config = config_;
    fault(config);
    clip4j_model* model = nullptr;
    EXPECT_EQ(clip4j_model_create(&config, 0, CLIP4J_PRECISION_FP32, CLIP4J_CPU, &model),
              CLIP4J_INVALID_ARGUMENT)
        << &fault - faults;
    EXPECT_EQ(model, nullptr);
  }
  clip4j_model* model = nullptr;
  EXPECT_EQ(clip4j_model_create(&config_, -1, CLIP4J_PRECISION_FP32, CLIP4J_CPU, &model),
            CLIP4J_INVALID_ARGUMENT);
  for (const int32_t precision : {-1, 5}) {
    EXPECT_EQ(clip4j_model_create(&config_, 0, precision, CLIP4J_CPU, &model), CLIP4J_INVALID_ARGUMENT);
  }
  EXPECT_EQ(clip4j_model_create(nullptr, 0, CLIP4J_PRECISION_FP32, CLIP4J_CPU, &model),
            CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_model_create(&config_, 0, CLIP4J_PRECISION_FP32, CLIP4J_CPU, nullptr),
            CLIP4J_INVALID_ARGUMENT);
}

TEST_F(ClipAbi, RefusesNull) {
  const LoadedModel model(config_, weights_);
  int32_t count = 0;
  EXPECT_EQ(clip4j_model_wants(nullptr, "x"), 0);
  EXPECT_EQ(clip4j_model_wants(model.get(), nullptr), 0);
  EXPECT_EQ(clip4j_model_read(model.get(), nullptr, nullptr, 0, 0, nullptr, 0), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_model_read(model.get(), "logit_scale", "x", 0, 0, nullptr, 3), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_model_read(model.get(), "logit_scale", "x", 0, 0, nullptr, -1), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_model_finish(nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_model_logit_scale(model.get(), nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_model_logit_bias(model.get(), nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_embed_images(model.get(), nullptr, nullptr, 0, nullptr, &count, nullptr, nullptr),
            CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_embed_images(model.get(), &preprocessing_, nullptr, 1, nullptr, &count, nullptr, nullptr),
            CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_embed_images(model.get(), &preprocessing_, nullptr, 0, nullptr, nullptr, nullptr, nullptr),
            CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_embed_texts(model.get(), nullptr, nullptr, 1, nullptr, nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_embed_texts(model.get(), nullptr, nullptr, -1, nullptr, nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_embed_texts(nullptr, nullptr, nullptr, 0, nullptr, nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_STREQ(clip4j_last_error(), "model is null");
  clip4j_model_free(nullptr);
}

TEST_F(ClipAbi, NothingInNothingOut) {
  const LoadedModel model(config_, weights_);
  int32_t count = -1;
  EXPECT_EQ(clip4j_embed_images(model.get(), &preprocessing_, nullptr, 0, nullptr, &count, nullptr, nullptr),
            CLIP4J_OK);
  EXPECT_EQ(count, 0);
  EXPECT_EQ(clip4j_embed_texts(model.get(), nullptr, nullptr, 0, nullptr, nullptr), CLIP4J_OK);
}

TEST_F(ClipAbi, KnowsTheLogits) {
  const LoadedModel clip(config_, weights_), siglip(small_siglip(), random_checkpoint(small_siglip(), 5));
  float scale = 0, bias = 1;
  ASSERT_EQ(clip4j_model_logit_scale(clip.get(), &scale), CLIP4J_OK);
  EXPECT_FLOAT_EQ(scale, std::exp(2.5f));
  ASSERT_EQ(clip4j_model_logit_bias(clip.get(), &bias), CLIP4J_OK);
  EXPECT_EQ(bias, 0);
  ASSERT_EQ(clip4j_model_logit_scale(siglip.get(), &scale), CLIP4J_OK);
  EXPECT_FLOAT_EQ(scale, std::exp(2.5f));
  ASSERT_EQ(clip4j_model_logit_bias(siglip.get(), &bias), CLIP4J_OK);
  EXPECT_EQ(bias, -7.25f);
  EXPECT_EQ(std::string(clip4j_torch_version()).find("2."), 0u) << clip4j_torch_version();
}

TEST_F(ClipAbi, NamesTheTextThatIsWrong) {
  const LoadedModel model(small_config(CLIP4J_GELU, 45), random_checkpoint(small_config(CLIP4J_GELU, 45), 5));
  const auto fails_with = [&](std::vector<int32_t> ids, std::vector<int32_t> lengths, const char* message) {
    std::vector<float> rows(lengths.size() * 20);
    EXPECT_EQ(clip4j_embed_texts(model.get(), ids.data(), lengths.data(),
                                 static_cast<int32_t>(lengths.size()), rows.data(), nullptr),
              CLIP4J_INVALID_ARGUMENT);
    EXPECT_STREQ(clip4j_last_error(), message);
  };
  fails_with({45, 1, 2}, {1, 2}, "text 1 has no end-of-text token (id 45)");
  fails_with({45, 50, 45}, {1, 2}, "text 1 has token id 50, outside the vocabulary of 50");
  fails_with({-1, 45}, {2}, "text 0 has token id -1, outside the vocabulary of 50");
  fails_with({45}, {1, 0}, "text 1 has 0 tokens, the model takes 1 to 12");
  fails_with({45}, {13}, "text 0 has 13 tokens, the model takes 1 to 12");
}

TEST_F(ClipAbi, RefusesPreprocessingOfAnotherSize) {
  const LoadedModel model(config_, weights_);
  clip4j_preprocessing other = preprocessing_;
  other.crop_width = 36;
  int32_t count = 0;
  EXPECT_EQ(clip4j_embed_images(model.get(), &other, nullptr, 0, nullptr, &count, nullptr, nullptr),
            CLIP4J_INVALID_ARGUMENT);
  other.crop_height = other.crop_width = 0;  // whatever the picture's size is
  const std::vector<uint8_t> small = random_pixels(34, random_);
  const clip4j_image image = rgb_image(small, 34);
  float row[20];
  clip4j_outcome outcome;
  EXPECT_EQ(clip4j_embed_images(model.get(), &other, &image, 1, row, &count, &outcome, nullptr), CLIP4J_OK);
  EXPECT_EQ(count, 0);
  EXPECT_STREQ(outcome.message, "preprocessing ends at 34 x 34 pixels, the model takes 35 x 35");
}

TEST_F(ClipAbi, ManyThreadsAtOnce) {
  const LoadedModel model(config_, weights_);
  std::vector<std::vector<uint8_t>> pictures;
  std::vector<std::vector<int32_t>> texts;
  for (int i = 0; i < 9; ++i) {
    pictures.push_back(random_pixels(config_.image_size, random_));
    texts.push_back(random_text(2 + i, 49, random_));
  }
  const std::vector<float> images = model.embed_images(pictures), sentences = model.embed_texts(texts);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(model.embed_images(pictures), images);
        EXPECT_EQ(model.embed_texts(texts), sentences);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ClipAbi, ModelsComeAndGo) {
  for (int i = 0; i < 20; ++i) {
    const LoadedModel model(config_, weights_);
    model.embed_texts({{0, 49}});
  }
}

// Embeds for ever, through the ABI alone: GoogleTest's objects go away while it still runs.
[[noreturn]] void embed_for_ever(const clip4j_model* model, const clip4j_preprocessing& preprocessing,
                                 int32_t size) {
  const std::vector<uint8_t> pixels(static_cast<size_t>(3 * size * size), 100);
  const std::vector<clip4j_image> images(40, rgb_image(pixels, size));
  std::vector<clip4j_outcome> outcomes(images.size());
  std::vector<float> rows(images.size() * 20);
  int32_t count = 0;
  for (;;) {
    clip4j_embed_images(model, &preprocessing, images.data(), 40, rows.data(), &count, outcomes.data(),
                        nullptr);
  }
}

// A JVM calls exit() with its threads still running.
TEST_F(ClipAbi, TheProcessEndsWhileThreadsEmbed) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const testing::Matcher<const std::string&> nothing(std::string{});
  EXPECT_EXIT(
      {
        const auto& model = *new LoadedModel(config_, weights_);  // never freed, as by a JVM that exits
        for (int i = 0; i < 8; ++i) {
          std::thread(embed_for_ever, model.get(), preprocessing_, config_.image_size).detach();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        std::exit(0);
      },
      testing::ExitedWithCode(0), nothing);
}

[[noreturn]] void load_for_ever(const clip4j_config& config, const std::string& path) {
  const int64_t shape[] = {config.projection_dim, config.vision.hidden_size};
  for (;;) {
    clip4j_model* model = nullptr;
    clip4j_model_create(&config, 2, CLIP4J_PRECISION_FP32, CLIP4J_CPU, &model);
    clip4j_model_read(model, "visual_projection.weight", path.c_str(), 0, CLIP4J_F32, shape, 2);
    clip4j_model_free(model);
  }
}

TEST_F(ClipAbi, TheProcessEndsWhileThreadsLoad) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const testing::Matcher<const std::string&> nothing(std::string{});
  const TemporaryFile file(std::vector<char>(1 << 12));
  EXPECT_EXIT(
      {
        if (clip4j_start() != CLIP4J_OK) std::exit(1);
        const auto& path = *new std::string(file.path());
        for (int i = 0; i < 8; ++i) std::thread(load_for_ever, config_, path).detach();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        std::exit(0);
      },
      testing::ExitedWithCode(0), nothing);
}

}  // namespace
}  // namespace clip4j::test
