// Reading weights: dtypes, shapes, and files that are not what they should be.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "base/error.h"
#include "clip/lane.h"
#include "clip/tensor_file.h"
#include "clip/weights.h"
#include "clip_fixture.h"

namespace clip4j::test {
namespace {

template <typename T>
std::vector<char> bytes_of(const std::vector<T>& values) {
  std::vector<char> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

clip4j_status status_of(const auto& body) {
  try {
    body();
    return CLIP4J_OK;
  } catch (const Error& e) {
    return e.status();
  }
}

TEST(ClipTensorFile, ReadsEveryFiniteHalf) {
  std::vector<uint16_t> halves;
  std::vector<float> expected;
  for (int bits = 0; bits < 1 << 16; ++bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) continue;
    const double magnitude =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    halves.push_back(static_cast<uint16_t>(bits));
    expected.push_back(static_cast<float>(bits >> 15 ? -magnitude : magnitude));
  }
  const TemporaryFile file(bytes_of(halves));
  std::vector<float> values(expected.size());
  read_tensor(file.path(), 0, CLIP4J_F16, values, "t");
  EXPECT_EQ(values, expected);
}

TEST(ClipTensorFile, ReadsBfloat16AndFloat32AtAnOffset) {
  const TemporaryFile file(bytes_of(std::vector<float>{5, 1.5f, -2, 0x1p-140f}));
  std::vector<float> values(3);
  read_tensor(file.path(), 4, CLIP4J_F32, values, "t");
  EXPECT_EQ(values, (std::vector<float>{1.5f, -2, 0x1p-140f}));
  values.resize(1);
  read_tensor(file.path(), 6, CLIP4J_BF16, values, "t");  // the upper half of 1.5
  EXPECT_EQ(values[0], 1.5f);
}

TEST(ClipTensorFile, ReadsMoreThanAChunk) {
  std::vector<float> expected((size_t{1} << 20) + 3);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<float>(i);
  const TemporaryFile file(bytes_of(expected));
  std::vector<float> values(expected.size());
  read_tensor(file.path(), 0, CLIP4J_F32, values, "t");
  EXPECT_EQ(values, expected);
}

TEST(ClipTensorFile, RefusesWhatIsNotFinite) {
  for (const float bad :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), NAN}) {
    const TemporaryFile file(bytes_of(std::vector<float>{1, bad}));
    std::vector<float> values(2);
    EXPECT_EQ(status_of([&] { read_tensor(file.path(), 0, CLIP4J_F32, values, "t"); }), CLIP4J_CORRUPT);
    values.resize(1);
    EXPECT_EQ(status_of([&] { read_tensor(file.path(), 6, CLIP4J_BF16, values, "t"); }), CLIP4J_CORRUPT);
  }
  for (const uint16_t bad : {0x7C00, 0xFC00, 0x7C01, 0x7FFF}) {
    const TemporaryFile file(bytes_of(std::vector<uint16_t>{bad}));
    std::vector<float> values(1);
    EXPECT_EQ(status_of([&] { read_tensor(file.path(), 0, CLIP4J_F16, values, "t"); }), CLIP4J_CORRUPT)
        << bad;
  }
}

TEST(ClipTensorFile, SaysWhatIsWrongWithTheFile) {
  const TemporaryFile file(bytes_of(std::vector<float>{1, 2}));
  std::vector<float> values(3);
  try {
    read_tensor(file.path(), 0, CLIP4J_F32, values, "some.weight");
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), CLIP4J_CORRUPT);
    EXPECT_EQ(e.what(), file.path() + " ends before tensor some.weight");
  }
  const auto read = [&](const std::string& path, int64_t offset) {
    return status_of([&] { read_tensor(path, offset, CLIP4J_F32, values, "t"); });
  };
  EXPECT_EQ(read(file.path(), 1000), CLIP4J_CORRUPT);
  EXPECT_EQ(read(file.path(), -1), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(read(file.path(), std::numeric_limits<int64_t>::max()), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(read(file.path() + "-none", 0), CLIP4J_MISSING);
  EXPECT_EQ(read(file.path() + "/x", 0), CLIP4J_MISSING);
  EXPECT_EQ(read(testing::TempDir(), 0), CLIP4J_UNREADABLE);
  EXPECT_EQ(read("/dev/zero", 0), CLIP4J_UNREADABLE);
  const std::string pipe = file.path() + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read(pipe, 0), CLIP4J_UNREADABLE);
  unlink(pipe.c_str());
}

class ClipWeights : public ClipTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(clip4j_model_create(&config_, 1, CLIP4J_PRECISION_FP32, CLIP4J_CPU, &model_), CLIP4J_OK)
        << clip4j_last_error();
  }
  void TearDown() override {
    clip4j_model_free(model_);
    ClipTest::TearDown();
  }

  int32_t read(const char* name, std::vector<int64_t> shape, int32_t dtype = CLIP4J_F32) {
    return clip4j_model_read(model_, name, file_.path().c_str(), 0, dtype, shape.data(),
                             static_cast<int32_t>(shape.size()));
  }

  const clip4j_config config_ = small_config(CLIP4J_GELU, -1);
  const TemporaryFile file_{std::vector<char>(1 << 16)};
  clip4j_model* model_ = nullptr;
};

TEST_F(ClipWeights, WantsHuggingFaceNames) {
  EXPECT_EQ(clip4j_model_wants(model_, "text_model.encoder.layers.1.mlp.fc2.bias"), 1);
  EXPECT_EQ(clip4j_model_wants(model_, "text_model.encoder.layers.2.mlp.fc2.bias"), 0);
  EXPECT_EQ(clip4j_model_wants(model_, "text_model.embeddings.position_ids"), 0);
  EXPECT_EQ(clip4j_model_wants(model_, "vision_model.pre_layernorm.weight"), 0);
  EXPECT_EQ(clip4j_model_wants(model_, ""), 0);
}

TEST_F(ClipWeights, NamesBothShapes) {
  EXPECT_EQ(read("vision_model.encoder.layers.0.self_attn.q_proj.weight", {48, 47}), CLIP4J_INVALID_ARGUMENT);
  EXPECT_STREQ(
      clip4j_last_error(),
      "tensor vision_model.encoder.layers.0.self_attn.q_proj.weight has shape [48, 47], the config implies "
      "[48, 48]");
  EXPECT_EQ(read("logit_scale", {1}), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(read("visual_projection.weight", {}), CLIP4J_INVALID_ARGUMENT);
}

TEST_F(ClipWeights, RefusesUnknownAndRepeatedNames) {
  EXPECT_EQ(read("vision_model.nothing", {1}), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(read("logit_scale", {}), CLIP4J_OK);
  EXPECT_EQ(read("logit_scale", {}), CLIP4J_INVALID_ARGUMENT);
  EXPECT_STREQ(clip4j_last_error(), "tensor logit_scale was read before");
  EXPECT_EQ(read("visual_projection.weight", {20, 48}, 3), CLIP4J_INVALID_ARGUMENT);
}

TEST_F(ClipWeights, CanTryAgainAfterAFailure) {
  EXPECT_EQ(clip4j_model_read(model_, "logit_scale", "/nowhere", 0, CLIP4J_F32, nullptr, 0), CLIP4J_MISSING);
  EXPECT_EQ(read("logit_scale", {}), CLIP4J_OK);
}

// Memory may end while a tensor that has been read is packed: it may have begun to change what others are
// read into.
TEST_F(ClipWeights, WhatCouldNotBePlacedIsMissing) {
  Lane lane(1);
  Weights weights(lane);
  float value = 0;
  weights.want(
      "w", {1}, [&] { return &value; }, [] { throw std::bad_alloc(); });
  const auto read = [&] { weights.read("w", file_.path(), 0, CLIP4J_F32, std::array<int64_t, 1>{1}); };
  EXPECT_THROW(read(), std::bad_alloc);
  EXPECT_EQ(status_of(read), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(status_of([&] { weights.check_complete(); }), CLIP4J_MISSING);
}

TEST_F(ClipWeights, FinishNamesWhatIsMissing) {
  EXPECT_EQ(clip4j_model_finish(model_), CLIP4J_MISSING);
  EXPECT_EQ(std::string(clip4j_last_error()).find("the weights lack tensor logit_scale and "), 0u)
      << clip4j_last_error();
}

TEST_F(ClipWeights, FinishRefusesAScaleThatFloatsDoNotHave) {
  for (const float log_scale : {200.0F, -200.0F}) {
    Checkpoint weights = random_checkpoint(config_, 1);
    weights["logit_scale"].values = {log_scale};
    Model model(config_, 1, CLIP4J_PRECISION_FP32);
    try {
      test::read(model, weights);
      FAIL() << log_scale;
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), CLIP4J_CORRUPT);
      EXPECT_NE(std::string(e.what()).find("exp(logit_scale)"), std::string::npos) << e.what();
    }
  }
}

TEST_F(ClipWeights, NothingRunsBeforeFinish) {
  float row[20], scale;
  const int32_t ids[] = {0}, lengths[] = {1};
  EXPECT_EQ(clip4j_embed_texts(model_, ids, lengths, 1, row, nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_model_logit_scale(model_, &scale), CLIP4J_INVALID_ARGUMENT);
}

TEST_F(ClipWeights, CountsItsBytes) {
  const int64_t before = clip4j_live_bytes();
  ASSERT_EQ(read("visual_projection.weight", {20, 48}), CLIP4J_OK) << clip4j_last_error();
  EXPECT_EQ(clip4j_live_bytes() - before, 20 * 48 * 4);
}

}  // namespace
}  // namespace clip4j::test
