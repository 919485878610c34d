#include "clip/packed_linear.h"

#include <algorithm>
#include <cmath>

#include "torch/ops.h"

namespace clip4j {
namespace {

using packed::Element;
using packed::kPanel;
using packed::kStepBytes;

int64_t panels(int64_t outputs) { return (outputs + kPanel - 1) / kPanel; }

int64_t steps(Element element, int64_t width) {
  const int64_t values = packed::values_per_step(element) * packed::kLineSteps;
  return (width + values - 1) / values * packed::kLineSteps;
}

// Bytes and integers lie in buffers of floats.
uint8_t* as_bytes(const Buffer& buffer) { return reinterpret_cast<uint8_t*>(buffer.data()); }
int32_t* as_integers(const Buffer& buffer) { return reinterpret_cast<int32_t*>(buffer.data()); }

Buffer zeros(int64_t size) {
  Buffer buffer(size);
  std::ranges::fill(buffer.span(), 0.0F);
  return buffer;
}

}  // namespace

packed::Rows PackedRows::rows(Element element, int64_t count, int64_t width) {
  const int64_t row = steps(element, width);
  if (values_.size() < count * row) values_ = Buffer(count * row);
  if (zero_.size() < count) {  // the last to be there, should memory end
    scale_ = Buffer(count);
    zero_ = Buffer(count);
  }
  return {as_bytes(values_), scale_.data(), as_integers(zero_), row * kStepBytes, count};
}

PackedMemory::PackedMemory(int64_t floats) : memory_(zeros(floats)) {}

float* PackedMemory::take(int64_t floats) {
  taken_ += floats;
  return memory_.data() + taken_ - floats;
}

int64_t PackedLinear::floats(Element element, int64_t outputs, int64_t inputs) {
  return panels(outputs) * kPanel * steps(element, inputs);
}

PackedLinear::PackedLinear(const packed::Kernel& kernel, int64_t outputs, int64_t inputs,
                           PackedMemory& memory)
    : kernel_(kernel),
      outputs_(outputs),
      inputs_(inputs),
      values_(reinterpret_cast<uint8_t*>(memory.take(floats(kernel.element, outputs, inputs)))),
      bias_(zeros(panels(outputs) * kPanel)) {}

void PackedLinear::declare(Weights& weights, const std::vector<std::string>& prefixes) {
  const int64_t rows = outputs_ / static_cast<int64_t>(prefixes.size());
  weight_.declare(weights, prefixes, ".weight", {rows, inputs_}, [this](Buffer values) { pack(values); });
  declare_bias(weights, prefixes);
}

void PackedLinear::declare_shaped(Weights& weights, const std::string& prefix,
                                  const std::vector<int64_t>& weight_shape, bool bias) {
  weight_.declare(weights, {prefix}, ".weight", weight_shape, [this](Buffer values) { pack(values); });
  if (bias) declare_bias(weights, {prefix});
}

void PackedLinear::declare_bias(Weights& weights, const std::vector<std::string>& prefixes) {
  const int64_t rows = outputs_ / static_cast<int64_t>(prefixes.size());
  stacked_bias_.declare(weights, prefixes, ".bias", {rows},
                        [this](Buffer values) { std::ranges::copy(values.span(), bias_.data()); });
}

void PackedLinear::pack(const Buffer& values) {
  const int64_t padded = panels(outputs_) * kPanel;
  if (kernel_.element == Element::kInt8) {
    scale_ = zeros(padded);
    sum_ = zeros(padded);
  }
  std::vector<PackedRows> coded(static_cast<size_t>(torch::thread_count()));
  for (PackedRows& memory : coded) memory.rows(kernel_.element, 1, inputs_);  // the loop takes none
  torch::parallel_for(outputs_, [&](int64_t output, int64_t thread) {
    pack_row(values.data() + output * inputs_, output,
             coded[static_cast<size_t>(thread)].rows(kernel_.element, 1, inputs_));
  });
}

void PackedLinear::pack_row(const float* from, int64_t output, const packed::Rows& coded) {
  if (kernel_.element == Element::kBf16) {
    kernel_.encode(from, inputs_, coded, 0);  // as a row of x
  } else {
    float most = 0;
    for (int64_t i = 0; i < inputs_; ++i) most = std::max(most, std::abs(from[i]));
    scale_.data()[output] = most / 127;
    const float per_step = most > 1e-30F ? 127 / most : 0;  // never infinite
    std::fill_n(coded.values, coded.bytes, uint8_t{0});
    for (int64_t i = 0; i < inputs_; ++i) {
      constexpr float kRound = 0x1.8p23F;  // adding it leaves an integer
      const auto code = static_cast<int32_t>(from[i] * per_step + kRound - kRound);
      coded.values[i] = static_cast<uint8_t>(code);
      as_integers(sum_)[output] += code;
    }
  }
  const int64_t row_steps = coded.bytes / kStepBytes;
  uint8_t* to = values_ + (output / kPanel * row_steps * kPanel + output % kPanel) * kStepBytes;
  for (int64_t step = 0; step < row_steps; ++step, to += kPanel * kStepBytes) {
    std::copy_n(coded.values + step * kStepBytes, kStepBytes, to);
  }
}

void PackedLinear::run(const packed::Rows& x, const packed::Output& output, const Loop& loop) const {
  const packed::Weights weights{.values = values_,
                                .scale = scale_.data(),
                                .sum = as_integers(sum_),
                                .bias = bias_.data(),
                                .steps = steps(kernel_.element, inputs_),
                                .outputs = outputs_};
  loop(panels(outputs_),
       [&](int64_t panel, int64_t) { kernel_.multiply(weights, panel, panel + loop.stride, x, output); });
}

}  // namespace clip4j
