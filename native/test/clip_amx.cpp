// What AMX changes: the speed alone.
#if defined(__x86_64__)

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "amx_emulator.h"
#include "clip/kernels/packed.h"
#include "clip/lane.h"
#include "clip/packed_encoder.h"
#include "clip/packed_linear.h"
#include "clip_fixture.h"

namespace clip4j::test {
namespace {

using packed::Element;
using packed::Finish;

class Amx : public ClipTest {
 protected:
  void SetUp() override {
    if (!runs_amx()) GTEST_SKIP() << "neither AMX nor what its emulator needs";
  }
};

// Whatever number of rows there is, and however many tiles they make.
TEST_F(Amx, GivesTheBitsOfVnni) {
  constexpr int64_t kMost = 100, kOutputs = 70, kPanels = 2;
  std::mt19937 random(5);
  for (const int64_t inputs : {7, 64, 150}) {
    PackedRows memory;
    std::vector<float> x(static_cast<size_t>(kMost * inputs)), scale(kPanels * packed::kPanel, 0.01F),
        bias(scale.size());
    std::normal_distribution<float> normal;
    for (auto* const values : {&x, &bias}) std::ranges::generate(*values, [&] { return normal(random); });
    packed::Rows rows = memory.rows(Element::kInt8, kMost, inputs);
    for (int64_t row = 0; row < kMost; ++row) {
      packed::amx_int8.encode(&x[static_cast<size_t>(row * inputs)], inputs, rows, row);
    }
    std::vector<uint8_t> codes(scale.size() * static_cast<size_t>(rows.bytes));
    std::ranges::generate(codes, [&] { return static_cast<uint8_t>(random()); });
    const std::vector<int32_t> sum(scale.size(), 40);
    const packed::Weights weights{
        codes.data(), scale.data(), sum.data(), bias.data(), rows.bytes / packed::kStepBytes, kOutputs};
    for (rows.count = 1; rows.count <= kMost; ++rows.count) {
      std::vector<float> y(static_cast<size_t>(kMost * kOutputs), 0.5F), expected = y;
      for (int64_t panel = 0; panel < kPanels; ++panel) {
        packed::amx_int8.multiply(weights, panel, panel + 1, rows, {y.data(), kOutputs, Finish::kAdd});
        packed::avx512vnni_int8.multiply(weights, panel, panel + 1, rows,
                                         {expected.data(), kOutputs, Finish::kAdd});
      }
      ASSERT_EQ(y, expected) << rows.count << " rows of " << inputs;
    }
  }
}

TEST_F(Amx, LeavesNoTilesBehind) {
  PackedRows memory;
  const packed::Rows rows = memory.rows(Element::kBf16, 40, 32);
  std::fill_n(rows.values, rows.count * rows.bytes, uint8_t{0});
  const std::vector<uint8_t> codes(static_cast<size_t>(packed::kPanel * rows.bytes));
  const std::vector<float> bias(packed::kPanel, 2.5F);
  std::vector<float> y(static_cast<size_t>(rows.count * packed::kPanel));
  packed::amx_bf16.multiply({codes.data(), nullptr, nullptr, bias.data(), packed::kLineSteps, packed::kPanel},
                            0, 1, rows, {y.data(), packed::kPanel, Finish::kStore});
  EXPECT_EQ(y, std::vector<float>(y.size(), 2.5F));
  struct {
    uint8_t bytes[64];
  } configuration;
  asm volatile("sttilecfg %0" : "=m"(configuration));
  EXPECT_EQ(configuration.bytes[0], 0);
}

// The wanted rows of the encoder of pictures, with random weights.
std::vector<float> encoded(const clip4j_config& config, const packed::Kernel& kernel,
                           std::span<const int64_t> lengths) {
  Lane lane(2);
  Weights weights(lane);
  PackedEncoder encoder(config.vision, Encoder::Wanted::kFirst, /*causal=*/false, kernel);
  encoder.declare(weights, "vision_model");
  const Checkpoint checkpoint = random_checkpoint(config, 7);
  for (const auto& [name, shape] : weights.wanted()) {
    const std::vector<float>& values = checkpoint.at(name).values;
    const TemporaryFile file({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
    weights.read(name, file.path(), 0, CLIP4J_F32, shape);
  }
  weights.check_complete();
  const int64_t hidden = config.vision.hidden_size,
                rows = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  std::vector<float> result;
  lane.run([&] {
    torch::Tensor x = torch::Tensor::empty({rows, hidden});
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::generate_n(x.data(), rows * hidden, [&] { return normal(random); });
    const torch::Tensor wanted = encoder.run(std::move(x), lengths);
    result.assign(wanted.data(), wanted.data() + static_cast<int64_t>(lengths.size()) * hidden);
  });
  return result;
}

// Of few rows, whose layers the threads share, and of many.
TEST_F(Amx, EncodesToTheBitsOfVnni) {
  clip4j_config config = small_config(CLIP4J_GELU, -1);
  config.vision.hidden_size = 144;
  for (const std::vector<int64_t>& lengths :
       std::vector<std::vector<int64_t>>{{1}, {17}, {50}, std::vector<int64_t>(23, 17)}) {
    const std::vector<float> rows = encoded(config, packed::amx_int8, lengths),
                             expected = encoded(config, packed::avx512vnni_int8, lengths);
    ASSERT_EQ(rows.size(), lengths.size() * 144);
    EXPECT_EQ(rows, expected) << lengths.size();
    EXPECT_GT(std::ranges::count_if(rows, [](float value) { return std::abs(value) > 0.01F; }), 100);
  }
}

}  // namespace
}  // namespace clip4j::test

#endif
