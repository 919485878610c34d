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

template <typename T>
Array<T> zeros(int64_t size) {
  Array<T> array(size);
  std::ranges::fill(array.span(), T{0});
  return array;
}

}  // namespace

packed::Rows PackedRows::rows(Element element, int64_t count, int64_t width) {
  const int64_t bytes = steps(element, width) * kStepBytes;
  if (values_.size() < count * bytes) values_ = Array<uint8_t>(count * bytes);
  if (zero_.size() < count) {  // the last to be there, should memory end
    scale_ = Buffer(count);
    zero_ = Array<int32_t>(count);
  }
  return {values_.data(), scale_.data(), zero_.data(), bytes, count};
}

PackedMemory::PackedMemory(int64_t floats) : memory_(zeros<float>(floats)) {}

float* PackedMemory::take(int64_t floats) {
  taken_ += floats;
  return memory_.data() + taken_ - floats;
}

int64_t PackedLinear::floats(Element element, int64_t outputs, int64_t inputs, int64_t heads) {
  return heads * panels(outputs / heads) * kPanel * steps(element, inputs);
}

PackedLinear::PackedLinear(const packed::Kernel& kernel, int64_t outputs, int64_t inputs,
                           PackedMemory& memory, int64_t heads)
    : kernel_(kernel),
      outputs_(outputs),
      inputs_(inputs),
      heads_(heads),
      head_panels_(panels(outputs / heads)),
      values_(reinterpret_cast<uint8_t*>(memory.take(floats(kernel.element, outputs, inputs, heads)))),
      bias_(zeros<float>(heads * head_outputs())) {}

void PackedLinear::declare(Weights& weights, const std::vector<std::string>& prefixes) {
  const auto parts = static_cast<int64_t>(prefixes.size());
  weight_.declare(weights, prefixes, ".weight", {outputs_ / parts, inputs_},
                  [this, parts](Buffer values) { pack(values, parts); });
  declare_bias(weights, prefixes);
}

void PackedLinear::declare_shaped(Weights& weights, const std::string& prefix,
                                  const std::vector<int64_t>& weight_shape, bool bias) {
  weight_.declare(weights, {prefix}, ".weight", weight_shape, [this](Buffer values) { pack(values, 1); });
  if (bias) declare_bias(weights, {prefix});
}

void PackedLinear::declare_bias(Weights& weights, const std::vector<std::string>& prefixes) {
  const auto parts = static_cast<int64_t>(prefixes.size());
  stacked_bias_.declare(weights, prefixes, ".bias", {outputs_ / parts}, [this, parts](Buffer values) {
    for (int64_t i = 0; i < outputs_; ++i) bias_.data()[place(i, parts)] = values.data()[i];
  });
}

int64_t PackedLinear::place(int64_t output, int64_t parts) const {
  const int64_t rows = outputs_ / parts, width = rows / heads_;
  return output % rows / width * head_outputs() + output / rows * width + output % width;
}

void PackedLinear::pack(const Buffer& weight, int64_t parts) {
  if (kernel_.element == Element::kInt8) {
    scale_ = zeros<float>(bias_.size());
    sum_ = zeros<int32_t>(bias_.size());
  }
  std::vector<PackedRows> coded(static_cast<size_t>(torch::thread_count()));
  for (PackedRows& memory : coded) memory.rows(kernel_.element, 1, inputs_);  // the loop takes none
  torch::parallel_for(outputs_, [&](int64_t output, int64_t thread) {
    pack_row(weight.data() + output * inputs_, place(output, parts),
             coded[static_cast<size_t>(thread)].rows(kernel_.element, 1, inputs_));
  });
}

void PackedLinear::pack_row(const float* from, int64_t place, const packed::Rows& coded) {
  if (kernel_.element == Element::kBf16) {
    kernel_.encode(from, inputs_, coded, 0);  // as a row of x
  } else {
    float most = 0;
    for (int64_t i = 0; i < inputs_; ++i) most = std::max(most, std::abs(from[i]));
    scale_.data()[place] = most / 127;
    const float per_step = most > 1e-30F ? 127 / most : 0;  // never infinite
    std::fill_n(coded.values, coded.bytes, uint8_t{0});
    for (int64_t i = 0; i < inputs_; ++i) {
      constexpr float kRound = 0x1.8p23F;  // adding it leaves an integer
      const auto code = static_cast<int32_t>(from[i] * per_step + kRound - kRound);
      coded.values[i] = static_cast<uint8_t>(code);
      sum_[place] += code;
    }
  }
  const int64_t row_steps = coded.bytes / kStepBytes;
  uint8_t* to = values_ + (place / kPanel * row_steps * kPanel + place % kPanel) * kStepBytes;
  for (int64_t step = 0; step < row_steps; ++step, to += kPanel * kStepBytes) {
    std::copy_n(coded.values + step * kStepBytes, kStepBytes, to);
  }
}

packed::Weights PackedLinear::weights(int64_t head) const {
  const int64_t first = head * head_outputs(), steps = clip4j::steps(kernel_.element, inputs_);
  const bool scaled = kernel_.element == Element::kInt8;
  return {.values = values_ + first * steps * kStepBytes,
          .scale = scaled ? scale_.data() + first : nullptr,
          .sum = scaled ? sum_.data() + first : nullptr,
          .bias = bias_.data() + first,
          .steps = steps,
          .outputs = outputs_ / heads_};
}

void PackedLinear::run(const packed::Rows& x, const packed::Output& output, const Loop& loop) const {
  const packed::Weights weights = this->weights(0);
  loop(head_panels_,
       [&](int64_t panel, int64_t) { kernel_.multiply(weights, panel, panel + loop.stride, x, output); });
}

void PackedLinear::run_head(const packed::Rows& x, int64_t head, const packed::Output& output) const {
  const packed::Weights weights = this->weights(head);
  for (int64_t panel = 0; panel < head_panels_; ++panel) {
    kernel_.multiply(weights, panel, panel + 1, x, output);
  }
}

}  // namespace clip4j
