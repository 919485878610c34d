// The towers for devices, run on the CPU: the same operations in the same order. What is CUDA's own (whether
// there is a device, copies to it, its attention) these tests do not reach.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "clip/batch_limit.h"
#include "clip/config.h"
#include "clip/host_pictures.h"
#include "clip/model.h"
#include "clip_fixture.h"
#include "torch/cuda.h"

namespace clip4j::test {
namespace {

constexpr torch::Device kHere{torch::Device::kCpu};

std::vector<float> embed_texts(const Model& model, const std::vector<std::vector<int32_t>>& texts) {
  std::vector<int32_t> ids, lengths;
  for (const auto& text : texts) {
    ids.insert(ids.end(), text.begin(), text.end());
    lengths.push_back(static_cast<int32_t>(text.size()));
  }
  std::vector<float> rows(texts.size() * static_cast<size_t>(model.config().projection_dim));
  model.embed_texts(ids.data(), lengths, rows.data());
  return rows;
}

std::vector<float> embed_patches(const Model& model, const std::vector<float>& patches, int64_t pictures) {
  std::vector<float> rows(static_cast<size_t>(pictures * model.config().projection_dim));
  const int64_t values = patches_of(model.config()) * patch_width(model.config());
  const auto given = [&](int64_t first, int64_t count) {
    return placed(patches.data() + first * values, count, model.config(), model.place());
  };
  model.embed_pictures(pictures, given, rows.data())->wait();
  return rows;
}

struct Case {
  clip4j_precision precision;
  double least_cosine;
  clip4j_config config;
};

class ClipDevice : public ClipTest, public testing::WithParamInterface<Case> {
 protected:
  const clip4j_config config_ = GetParam().config;
  const Checkpoint weights_ = random_checkpoint(config_, 7);
  const int32_t end_ = config_.end_of_text_id < 0 ? 49 : config_.end_of_text_id;
  std::mt19937 random_{11};

  std::vector<float> random_patches(int64_t pictures) {
    std::normal_distribution<float> normal;
    std::vector<float> patches(static_cast<size_t>(pictures * patches_of(config_) * patch_width(config_)));
    for (float& value : patches) value = normal(random_);
    return patches;
  }

  std::vector<std::vector<int32_t>> random_texts(int count) {
    std::vector<std::vector<int32_t>> texts;
    for (int i = 0; i < count; ++i) {
      texts.push_back(random_text(static_cast<int32_t>(1 + random_() % 12), end_, random_));
    }
    return texts;
  }

  void expect_close(const std::vector<float>& rows, const std::vector<float>& expected) const {
    ASSERT_EQ(rows.size(), expected.size());
    const auto width = static_cast<size_t>(config_.projection_dim);
    for (size_t row = 0; row < rows.size(); row += width) {
      double product = 0, a = 0, b = 0;
      for (size_t i = row; i < row + width; ++i) {
        product += double{rows[i]} * expected[i];
        a += double{rows[i]} * rows[i];
        b += double{expected[i]} * expected[i];
      }
      ASSERT_GE(product / std::sqrt(a * b), GetParam().least_cosine) << row / width;
      ASSERT_NEAR(std::sqrt(a / b), 1, 0.02) << row / width;
    }
  }
};

TEST_P(ClipDevice, IsCloseToFloat32) {
  Model model(config_, 0, GetParam().precision, kHere), expected(config_, 0, CLIP4J_PRECISION_FP32);
  read(model, weights_);
  read(expected, weights_);
  const std::vector<float> patches = random_patches(300);  // more than a batch
  expect_close(embed_patches(model, patches, 300), embed_patches(expected, patches, 300));
  const auto texts = random_texts(11000);  // again
  expect_close(embed_texts(model, texts), embed_texts(expected, texts));
  EXPECT_EQ(model.times_halved(), 0);
}

TEST_P(ClipDevice, TextsDoNotSeeTheirPadding) {
  Model model(config_, 0, GetParam().precision, kHere);
  read(model, weights_);
  const auto texts = random_texts(20);
  const std::vector<float> together = embed_texts(model, texts);
  std::vector<float> alone;
  for (const auto& text : texts) {
    const std::vector<float> row = embed_texts(model, {text});
    alone.insert(alone.end(), row.begin(), row.end());
  }
  expect_close(together, alone);
}

TEST_P(ClipDevice, CountsWhatItHolds) {
  const auto held = [&](clip4j_precision precision, const std::optional<torch::Device>& device) {
    Model model(config_, 0, precision, device);
    read(model, weights_);
    const clip4j_memory memory = model.memory();
    EXPECT_EQ(memory.vision_weights + memory.text_weights, clip4j_live_bytes());
    const int64_t logits = config_.logit_bias != 0 ? 8 : 4;
    return memory.vision_weights + memory.text_weights - logits;
  };
  const int64_t expected = held(CLIP4J_PRECISION_FP32, std::nullopt),
                device = held(GetParam().precision, kHere);
  EXPECT_EQ(GetParam().precision == CLIP4J_PRECISION_FP32 ? device : 2 * device, expected);
}

std::vector<Case> cases() {
  clip4j_config tiles = small_config(CLIP4J_GELU, 45), other_pooling = small_siglip();
  tiles.image_size = 50;  // 6 x 6 patches where the model has 4 x 4
  other_pooling.vision_pooling = CLIP4J_CLASS_TOKEN;
  other_pooling.causal_text = 1;
  other_pooling.pre_norm = 1;
  std::vector<Case> cases;
  for (const auto& [precision, cosine] :
       {std::pair{CLIP4J_PRECISION_FP32, 0.999999}, std::pair{CLIP4J_PRECISION_BF16, 0.9995},
        std::pair{CLIP4J_PRECISION_FP16, 0.99999}}) {
    for (const clip4j_config& config :
         {small_config(CLIP4J_QUICK_GELU, -1), small_config(CLIP4J_GELU_TANH, 45), tiles, small_siglip(),
          other_pooling}) {
      cases.push_back({precision, cosine, config});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, ClipDevice, testing::ValuesIn(cases()));

// Why such a model is not made.
std::string refusal(const clip4j_config& config, clip4j_precision precision,
                    const std::optional<torch::Device>& device) {
  try {
    Model(config, 1, precision, device);
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), CLIP4J_UNSUPPORTED);
    return e.what();
  }
  return "accepted";
}

TEST(ClipPrecisions, BelongToDevicesOrToTheCpu) {
  const clip4j_config config = small_config(CLIP4J_GELU, 45);
  EXPECT_EQ(Model(config, 1, CLIP4J_PRECISION_AUTO, kHere).precision(), CLIP4J_PRECISION_BF16);
  EXPECT_NE(refusal(config, CLIP4J_PRECISION_INT8, kHere).find("(INT8)"), std::string::npos);
  EXPECT_NE(refusal(config, CLIP4J_PRECISION_FP16, std::nullopt).find("(FP16)"), std::string::npos);
}

TEST(ClipDevices, RefuseWhatTheirTowersDoNotKnow) {
  for (const auto pooling : {CLIP4J_FIRST, CLIP4J_MEAN}) {
    const std::string why = refusal(small_bert(pooling), CLIP4J_PRECISION_FP32, kHere);
    EXPECT_NE(why.find("CPU alone"), std::string::npos) << why;
  }
}

// Where there is a GPU this test says nothing of it; where there is none, that it is missing.
TEST(ClipCuda, SaysWhatIsMissing) {
  std::vector<char> line(200);
  clip4j_model* model = nullptr;
  const clip4j_config config = small_config(CLIP4J_GELU, 45);
  EXPECT_EQ(clip4j_model_create(&config, 1, CLIP4J_PRECISION_FP32, -2, &model), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_cuda_device(0, line.data(), 0), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_cuda_device(0, nullptr, 10), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_cuda_device(1000, line.data(), 200), CLIP4J_UNSUPPORTED);
  EXPECT_NE(std::string(clip4j_last_error()).find(" ("), std::string::npos) << clip4j_last_error();
  const int32_t status = clip4j_cuda_device(0, line.data(), 200);
  EXPECT_EQ(clip4j_model_create(&config, 1, CLIP4J_PRECISION_FP32, 0, &model), status);
  if (status == CLIP4J_OK) {
    EXPECT_GT(std::string(line.data()).size(), 10U);
    clip4j_model_free(model);
  } else {
    EXPECT_EQ(status, CLIP4J_UNSUPPORTED);
    EXPECT_EQ(model, nullptr);
    EXPECT_EQ(std::string(clip4j_last_error()).find('\n'), std::string::npos) << clip4j_last_error();
  }
}

TEST(ClipCuda, SaysWhatKeepsLibtorchsCudaFromBeingLoaded) {
  std::string folder = testing::TempDir() + "clip4j-torch-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  EXPECT_EQ(torch::cuda_obstacle(folder), "");
  std::ofstream(folder + "/libtorch_cuda.so") << "of a download that was cut off";
  EXPECT_NE(torch::cuda_obstacle(folder).find("libtorch_cuda.so"), std::string::npos);
  std::filesystem::remove_all(folder);
}

// As by a device with memory for `room` rows.
auto batch_of(int64_t rows, int64_t room) {
  return [=] {
    if (rows > room) fail(CLIP4J_INTERNAL, "no memory");
  };
}

TEST(ClipBatchLimit, HalvesWhatFailsAndKeepsIt) {
  BatchLimit limit(1000, true);
  EXPECT_TRUE(limit.run(10, 1000, batch_of(1000, 1000)));
  EXPECT_EQ(limit.rows(), 1000);
  EXPECT_FALSE(limit.run(8, 800, batch_of(800, 300)));
  EXPECT_EQ(limit.rows(), 400);
  EXPECT_FALSE(limit.run(4, 400, batch_of(400, 300)));
  EXPECT_TRUE(limit.run(2, 200, batch_of(200, 300)));
  EXPECT_EQ(limit.rows(), 200);
  EXPECT_EQ(limit.times_halved(), 2);
  // A batch that began before says nothing new.
  EXPECT_FALSE(limit.run(8, 800, batch_of(800, 300)));
  EXPECT_EQ(limit.rows(), 200);
  EXPECT_EQ(limit.times_halved(), 2);
}

TEST(ClipBatchLimit, EndsWhereSmallerDoesNotHelp) {
  BatchLimit limit(1000, true);
  EXPECT_THROW(limit.run(1, 100, batch_of(100, 0)), Error);
  EXPECT_THROW(limit.run(10, 1000, [] { fail(CLIP4J_SHUTTING_DOWN, "the process is exiting"); }), Error);
  EXPECT_THROW(BatchLimit(1000, false).run(10, 1000, batch_of(1000, 0)), Error);
  EXPECT_EQ(limit.rows(), 1000);
}

TEST(ClipBatchLimit, ThreadsThatFailTogetherHalveOnce) {
  BatchLimit limit(1 << 20, true);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { limit.run(2, 1 << 10, batch_of(1 << 10, 0)); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(limit.rows(), 512);
  EXPECT_EQ(limit.times_halved(), 1);
}

}  // namespace
}  // namespace clip4j::test
