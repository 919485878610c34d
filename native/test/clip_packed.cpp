// The kernels of 8-bit and 16-bit products against their definition, and models that use them against
// float32.
#include <cmath>
#include <cstring>
#include <limits>
#include <ostream>

#include "amx_emulator.h"
#include "base/cpu.h"
#include "clip/kernels/packed.h"
#include "clip/packed_linear.h"
#include "clip_fixture.h"

namespace clip4j::test {
namespace {

using packed::Element;
using packed::Finish;

struct Named {
  const char* name;
  const packed::Kernel* kernel;

  friend std::ostream& operator<<(std::ostream& out, const Named& named) { return out << named.name; }
};

// Those that this CPU can run, and AMX's where they can be emulated.
std::vector<Named> runnable() {
  std::vector<Named> kernels{{"generic_int8", &packed::generic_int8},
                             {"generic_bf16", &packed::generic_bf16}};
#if defined(__x86_64__)
  if (has(InstructionSet::kAvx2)) {
    kernels.push_back({"avx2_int8", &packed::avx2_int8});
    kernels.push_back({"avx2_bf16", &packed::avx2_bf16});
  }
  if (has(InstructionSet::kAvxVnni)) kernels.push_back({"avxvnni_int8", &packed::avxvnni_int8});
  if (has(InstructionSet::kAvx512)) kernels.push_back({"avx512_bf16", &packed::avx512_bf16});
  if (has(InstructionSet::kAvx512Vnni)) {
    kernels.push_back({"avx512vnni_int8", &packed::avx512vnni_int8});
  }
  if (has_bf16()) kernels.push_back({"avx512bf16_bf16", &packed::avx512bf16_bf16});
  if (runs_amx()) {
    kernels.push_back({"amx_int8", &packed::amx_int8});
    kernels.push_back({"amx_bf16", &packed::amx_bf16});
  }
#endif
  return kernels;
}

float from_bf16(const uint8_t* half) {
  const uint32_t bits = static_cast<uint32_t>(half[0] | half[1] << 8) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// The value that a code stands for.
double decoded(Element element, const packed::Rows& rows, int64_t row, int64_t i) {
  const uint8_t* const codes = rows.values + row * rows.bytes;
  if (element == Element::kBf16) return from_bf16(codes + 2 * i);
  return double{rows.scale[row]} * (codes[i] - rows.zero[row]);
}

double activation(Finish finish, double x) {
  switch (finish) {
    case Finish::kQuickGelu:
      return x / (1 + std::exp(-1.702 * x));
    case Finish::kGelu:
      return x / 2 * std::erfc(-x / std::sqrt(2.0));
    case Finish::kGeluTanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    default:
      return x;
  }
}

class Packed : public testing::TestWithParam<Named> {
 protected:
  const packed::Kernel& kernel_ = *GetParam().kernel;
  const Element element_ = kernel_.element;
  std::mt19937 random_{3};

  std::vector<float> normal(int64_t count, float scale = 1) {
    std::normal_distribution<float> distribution(0, scale);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = distribution(random_);
    return values;
  }

  packed::Rows encode(PackedRows& memory, const std::vector<float>& x, int64_t count, int64_t width) const {
    const packed::Rows rows = memory.rows(element_, count, width);
    for (int64_t row = 0; row < count; ++row)
      kernel_.encode(&x[static_cast<size_t>(row * width)], width, rows, row);
    return rows;
  }
};

TEST_P(Packed, CodesAreTheNearest) {
  for (const int64_t width : {1, 3, 4, 5, 15, 16, 17, 64, 100, 768}) {
    std::vector<float> x = normal(width * 3);
    for (int64_t i = 0; i < width; ++i)
      x[static_cast<size_t>(i)] = -0.01F * static_cast<float>(i + 1);  // one sign
    PackedRows memory;
    const packed::Rows rows = encode(memory, x, 3, width);
    for (int64_t row = 0; row < 3; ++row) {
      for (int64_t i = 0; i < width; ++i) {
        const double value = x[static_cast<size_t>(row * width + i)];
        const double most = element_ == Element::kInt8 ? 0.502 * rows.scale[row] : std::abs(value) * 0x1p-8;
        // The zero is rounded too, so that codes at the ends may be half a step further off.
        const double ends = element_ == Element::kInt8 ? 0.502 * rows.scale[row] : 0;
        EXPECT_NEAR(decoded(element_, rows, row, i), value, most + ends) << width << ' ' << row << ' ' << i;
      }
      for (int64_t byte = width * 4 / packed::values_per_step(element_); byte < rows.bytes; ++byte) {
        EXPECT_EQ(rows.values[row * rows.bytes + byte], 0);
      }
    }
  }
}

TEST_P(Packed, ZerosStayZero) {
  PackedRows memory;
  const packed::Rows rows = encode(memory, std::vector<float>(40), 1, 40);
  for (int64_t i = 0; i < 40; ++i) EXPECT_EQ(decoded(element_, rows, 0, i), 0);
}

// y = act(x W^T + b), of the values that the codes stand for.
TEST_P(Packed, MultipliesByTheDefinition) {
  for (const auto& [count, inputs, outputs] :
       std::vector<std::tuple<int64_t, int64_t, int64_t>>{{1, 4, 64},
                                                          {2, 5, 1},
                                                          {3, 16, 63},
                                                          {4, 31, 65},
                                                          {5, 64, 128},
                                                          {6, 100, 70},
                                                          {7, 48, 64},
                                                          {13, 768, 200},
                                                          {16, 65, 64},
                                                          {17, 200, 130},
                                                          {40, 31, 70},
                                                          {50, 192, 64}}) {
    const std::vector<float> x = normal(count * inputs), bias = normal(outputs);
    PackedRows memory;
    const packed::Rows rows = encode(memory, x, count, inputs);
    const int64_t padded = (outputs + packed::kPanel - 1) / packed::kPanel * packed::kPanel;
    const int64_t steps = rows.bytes / packed::kStepBytes;
    // Codes of weights, at random; their scale too.
    std::vector<uint8_t> codes(static_cast<size_t>(padded * rows.bytes));
    std::vector<float> scale(static_cast<size_t>(padded)), biases(static_cast<size_t>(padded));
    std::vector<int32_t> sum(static_cast<size_t>(padded));
    std::vector<double> weights(static_cast<size_t>(outputs * inputs));
    for (int64_t o = 0; o < outputs; ++o) {
      biases[static_cast<size_t>(o)] = bias[static_cast<size_t>(o)];
      scale[static_cast<size_t>(o)] = 0.001F * static_cast<float>(1 + random_() % 9);
      for (int64_t i = 0; i < inputs; ++i) {
        const int64_t per_step = packed::values_per_step(element_), size = 4 / per_step;
        uint8_t* const to = &codes[static_cast<size_t>(((o / 64 * steps + i / per_step) * 64 + o % 64) * 4 +
                                                       i % per_step * size)];
        double& weight = weights[static_cast<size_t>(o * inputs + i)];
        if (element_ == Element::kInt8) {
          const auto code = static_cast<int32_t>(random_() % 255) - 127;
          *to = static_cast<uint8_t>(code);
          sum[static_cast<size_t>(o)] += code;
          weight = double{scale[static_cast<size_t>(o)]} * code;
        } else {
          const float value = normal(1)[0];
          std::memcpy(to, reinterpret_cast<const uint8_t*>(&value) + 2, 2);
          weight = from_bf16(to);
        }
      }
    }
    const packed::Weights view{codes.data(), scale.data(), sum.data(), biases.data(), steps, outputs};
    for (const Finish finish :
         {Finish::kStore, Finish::kAdd, Finish::kQuickGelu, Finish::kGelu, Finish::kGeluTanh}) {
      const int64_t stride = outputs + 3;
      std::vector<float> y(static_cast<size_t>(count * stride), 0.5F);
      for (int64_t panel = 0; panel * 64 < outputs; ++panel) {
        kernel_.multiply(view, panel, panel + 1, rows, {y.data(), stride, finish});
      }
      for (int64_t row = 0; row < count; ++row) {
        for (int64_t o = 0; o < outputs; ++o) {
          double expected = bias[static_cast<size_t>(o)], size = std::abs(expected);
          for (int64_t i = 0; i < inputs; ++i) {
            const double product =
                decoded(element_, rows, row, i) * weights[static_cast<size_t>(o * inputs + i)];
            expected += product;
            size += std::abs(product);
          }
          expected = activation(finish, expected) + (finish == Finish::kAdd ? 0.5 : 0);
          EXPECT_NEAR(y[static_cast<size_t>(row * stride + o)], expected, 2e-6 * (1 + size))
              << row << ' ' << o;
        }
        for (int64_t o = outputs; o < stride; ++o) EXPECT_EQ(y[static_cast<size_t>(row * stride + o)], 0.5F);
      }
    }
  }
}

TEST_P(Packed, WhatIsNotFiniteIsNotHidden) {
  const std::vector<uint8_t> codes(64 * 64, 1);
  const std::vector<float> scale(64, 1), bias(64);
  const std::vector<int32_t> sum(64, 40);
  for (const float fault :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::signaling_NaN()}) {
    for (const int64_t place : {0, 17, 31}) {
      std::vector<float> x(32, 1);
      x[static_cast<size_t>(place)] = fault;
      PackedRows memory;
      const packed::Rows rows = encode(memory, x, 1, 32);
      std::vector<float> y(64);
      kernel_.multiply({codes.data(), scale.data(), sum.data(), bias.data(), rows.bytes / 4, 64}, 0, 1, rows,
                       {y.data(), 64, Finish::kStore});
      for (const float value : y) EXPECT_FALSE(std::isfinite(value)) << fault << ' ' << place;
    }
  }
}

TEST_P(Packed, NormalizesByTheDefinition) {
  for (const int64_t width : {1, 7, 16, 50, 768}) {
    std::vector<float> x = normal(width, 3);
    for (float& value : x) value += 40;
    const std::vector<float> weight = normal(width), bias = normal(width);
    std::vector<float> y(static_cast<size_t>(width));
    kernel_.normalize(x.data(), weight.data(), bias.data(), 1e-5F, width, y.data());
    double mean = 0, variance = 0;
    for (const float value : x) mean += value / static_cast<double>(width);
    for (const float value : x) variance += (value - mean) * (value - mean) / static_cast<double>(width);
    for (size_t i = 0; i < y.size(); ++i) {
      EXPECT_NEAR(y[i], (x[i] - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i], 2e-4)
          << width << ' ' << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Packed, testing::ValuesIn(runnable()),
                         [](const auto& named) { return std::string(named.param.name); });

struct Model {
  clip4j_precision precision;
  double least_cosine;
  clip4j_config config;
};

class PackedModels : public ClipTest, public testing::WithParamInterface<Model> {
 protected:
  const clip4j_config config_ = GetParam().config;
  const Checkpoint weights_ = random_checkpoint(config_, 7);
  const size_t dimension_ = static_cast<size_t>(config_.projection_dim);
  const int32_t end_ = config_.end_of_text_id < 0 ? 49 : config_.end_of_text_id;
  std::mt19937 random_{11};
  std::vector<std::vector<uint8_t>> pictures_;
  std::vector<std::vector<int32_t>> texts_;

  void SetUp() override {
    for (int i = 0; i < 23; ++i) {
      pictures_.push_back(random_pixels(config_.image_size, random_));
      texts_.push_back(random_text(static_cast<int32_t>(1 + random_() % 12), end_, random_));
    }
  }

  void expect_close(const std::vector<float>& rows, const std::vector<float>& expected) const {
    ASSERT_EQ(rows.size(), expected.size());
    for (size_t row = 0; row < rows.size(); row += dimension_) {
      double cosine = 0;
      for (size_t i = row; i < row + dimension_; ++i) cosine += double{rows[i]} * expected[i];
      EXPECT_GE(cosine, GetParam().least_cosine) << row / dimension_;
      EXPECT_LT(cosine, 1 - 1e-9) << "as if it were float32";
    }
  }
};

TEST_P(PackedModels, AreCloseToFloat32) {
  const LoadedModel model(config_, weights_, 0, GetParam().precision), wide(config_, weights_);
  int32_t precision = -1;
  EXPECT_EQ(clip4j_model_precision(model.get(), &precision), CLIP4J_OK);
  EXPECT_EQ(precision, GetParam().precision);
  const char* kernel = nullptr;
  EXPECT_EQ(clip4j_model_kernel(model.get(), &kernel), CLIP4J_OK);
  EXPECT_STREQ(kernel, packed::kernel(GetParam().precision).name);
  EXPECT_EQ(clip4j_model_kernel(wide.get(), &kernel), CLIP4J_OK);
  EXPECT_STREQ(kernel, "libtorch");
  expect_close(model.embed_images(pictures_), wide.embed_images(pictures_));
  expect_close(model.embed_texts(texts_), wide.embed_texts(texts_));
}

TEST_P(PackedModels, SayWhatTheyHold) {
  const LoadedModel model(config_, weights_, 0, GetParam().precision);
  clip4j_memory memory{};
  EXPECT_EQ(clip4j_model_memory(model.get(), &memory), CLIP4J_OK);
  EXPECT_EQ(memory.scratch, 0);
  EXPECT_EQ(memory.vision_weights + memory.text_weights, clip4j_live_bytes());
  model.embed_images(pictures_);
  model.embed_texts(texts_);
  EXPECT_EQ(clip4j_model_memory(model.get(), &memory), CLIP4J_OK);
  EXPECT_GT(memory.scratch, 0);
  EXPECT_EQ(memory.vision_weights + memory.text_weights + memory.scratch, clip4j_live_bytes());
  const int64_t before = memory.scratch;
  model.embed_images(pictures_);
  model.embed_texts(texts_);
  EXPECT_EQ(clip4j_model_memory(model.get(), &memory), CLIP4J_OK);
  EXPECT_EQ(memory.scratch, before);
}

// Sums of wider layers could leave an int32.
TEST(PackedLimits, RefuseWhatCouldOverflow) {
  clip4j_config config = small_config(CLIP4J_GELU, 45);
  config.text.intermediate_size = packed::kMostInt8Inputs + 1;
  clip4j_model* model = nullptr;
  EXPECT_EQ(clip4j_model_create(&config, 1, CLIP4J_PRECISION_INT8, CLIP4J_CPU, &model), CLIP4J_UNSUPPORTED);
  EXPECT_NE(std::string(clip4j_last_error()).find("33001 inputs"), std::string::npos) << clip4j_last_error();
  EXPECT_EQ(clip4j_model_create(&config, 1, CLIP4J_PRECISION_AUTO, CLIP4J_CPU, &model), CLIP4J_OK)
      << clip4j_last_error();
  int32_t precision = -1;
  EXPECT_EQ(clip4j_model_precision(model, &precision), CLIP4J_OK);
  EXPECT_EQ(precision, CLIP4J_PRECISION_FP32);
  clip4j_model_free(model);
}

// Neither on what else is in a batch nor on the number of threads, to 1e-6: the last layers are float32's.
TEST_P(PackedModels, DependOnNothingElse) {
  const LoadedModel all(config_, weights_, 0, GetParam().precision);
  const std::vector<float> images = all.embed_images(pictures_), texts = all.embed_texts(texts_);
  const auto expect_equal = [](const std::vector<float>& some, std::span<const float> expected) {
    for (size_t i = 0; i < some.size(); ++i) ASSERT_NEAR(some[i], expected[i], 1e-6) << i;
  };
  for (const int32_t threads : {1, 3, 5}) {
    const LoadedModel other(config_, weights_, threads, GetParam().precision);
    expect_equal(other.embed_images(pictures_), images);
    expect_equal(other.embed_texts(texts_), texts);
  }
  for (const size_t batch : {1, 2, 3, 7, 16}) {
    const auto first = static_cast<ptrdiff_t>(random_() % (pictures_.size() - batch));
    const auto last = first + static_cast<ptrdiff_t>(batch);
    const auto from = static_cast<size_t>(first) * dimension_;
    expect_equal(all.embed_images({pictures_.begin() + first, pictures_.begin() + last}),
                 std::span(images).subspan(from));
    expect_equal(all.embed_texts({texts_.begin() + first, texts_.begin() + last}),
                 std::span(texts).subspan(from));
  }
}

std::vector<Model> packed_models() {
  std::vector<Model> models;
  for (const auto& [precision, cosine] :
       {std::pair{CLIP4J_PRECISION_BF16, 0.9995}, std::pair{CLIP4J_PRECISION_INT8, 0.998}}) {
    for (const clip4j_config& config : {small_config(CLIP4J_QUICK_GELU, -1), small_config(CLIP4J_GELU, 45),
                                        small_config(CLIP4J_GELU_TANH, 45), small_siglip(),
                                        small_bert(CLIP4J_FIRST), small_bert(CLIP4J_MEAN)}) {
      models.push_back({precision, cosine, config});
    }
  }
  return models;
}

INSTANTIATE_TEST_SUITE_P(All, PackedModels, testing::ValuesIn(packed_models()));

}  // namespace
}  // namespace clip4j::test
