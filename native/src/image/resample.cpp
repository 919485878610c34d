#include "image/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/cpu.h"

namespace clip4j::image {
namespace {

double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double bilinear(double x) { return std::max(0.0, 1.0 - std::fabs(x)); }

double hamming(double x) {
  x = std::fabs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= std::numbers::pi;
  return std::sin(x) / x * (0.54f + 0.46f * std::cos(x));  // float constants: Pillow's
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

struct Kernel {
  double (*weight)(double);
  double support;
};

Kernel kernel_of(Filter filter) {
  switch (filter) {
    case Filter::kLanczos:
      return {lanczos, 3.0};
    case Filter::kBilinear:
      return {bilinear, 1.0};
    case Filter::kBicubic:
      return {bicubic, 2.0};
    case Filter::kBox:
      return {box, 0.5};
    case Filter::kHamming:
      return {hamming, 1.0};
  }
  __builtin_unreachable();
}

int32_t fixed_point(double weight) {
  const double scaled = weight * (1 << kWeightBits);
  return static_cast<int32_t>(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

uint8_t clip8(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255)); }

constexpr int32_t kHalf = 1 << (kWeightBits - 1);

void along_row(const uint8_t* in, const Taps& columns, uint8_t* out) {
  const int32_t* weights = columns.weights;
  for (int i = 0; i < columns.outputs; ++i, weights += columns.stride) {
    const uint8_t* pixel = in + 3 * columns.first[i];
    int32_t red = kHalf;
    int32_t green = kHalf;
    int32_t blue = kHalf;
    for (int t = 0; t < columns.count[i]; ++t, pixel += 3) {
      red += pixel[0] * weights[t];
      green += pixel[1] * weights[t];
      blue += pixel[2] * weights[t];
    }
    *out++ = clip8(red);
    *out++ = clip8(green);
    *out++ = clip8(blue);
  }
}

void along_rows(const uint8_t* const* in, const Taps& columns, uint8_t*, uint8_t* const* out) {
  for (int r = 0; r < kStrip; ++r) along_row(in[r], columns, out[r]);
}

void across_rows(const uint8_t* const* rows, const Taps& axis, int output, int bytes, uint8_t* out) {
  const int32_t* weights = axis.weights + static_cast<ptrdiff_t>(output) * axis.stride;
  for (int i = 0; i < bytes; ++i) {
    int32_t sum = kHalf;
    for (int t = 0; t < axis.count[output]; ++t) sum += rows[t][i] * weights[t];
    out[i] = clip8(sum);
  }
}

}  // namespace

Axis::Axis(Filter filter, int in, int out, int kept_first, int kept_count)
    : first_(static_cast<size_t>(kept_count)), count_(static_cast<size_t>(kept_count)) {
  if (in == out) {
    keep_all(kept_first);
  } else {
    weigh(filter, in, out, kept_first);
  }
  split_weights();
}

// Pillow leaves a pass out that changes no size; one weight of 1 does the same.
void Axis::keep_all(int kept_first) {
  widest_ = 1;
  stride_ = kTapGroup;
  weights_.resize(first_.size() * kTapGroup);
  for (size_t i = 0; i < first_.size(); ++i) {
    first_[i] = kept_first + static_cast<int>(i);
    count_[i] = 1;
    weights_[i * kTapGroup] = 1 << kWeightBits;
  }
}

void Axis::weigh(Filter filter, int in, int out, int kept_first) {
  const Kernel kernel = kernel_of(filter);
  const double scale = static_cast<double>(in) / out;
  const double stretch = std::max(scale, 1.0);
  const double support = kernel.support * stretch;
  const double inverse = 1.0 / stretch;
  widest_ = std::min(static_cast<int>(std::ceil(support)) * 2 + 1, in);
  stride_ = (widest_ + kTapGroup - 1) / kTapGroup * kTapGroup;
  weights_.resize(first_.size() * static_cast<size_t>(stride_));
  std::vector<double> exact(static_cast<size_t>(widest_));
  for (size_t i = 0; i < first_.size(); ++i) {
    const double center = (kept_first + static_cast<int>(i) + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int count = std::min(static_cast<int>(center + support + 0.5), in) - first;
    double sum = 0.0;
    for (int t = 0; t < count; ++t) {
      exact[static_cast<size_t>(t)] = kernel.weight((t + first - center + 0.5) * inverse);
      sum += exact[static_cast<size_t>(t)];
    }
    int32_t* weights = weights_.data() + i * static_cast<size_t>(stride_);
    for (int t = 0; t < count; ++t) {
      const double weight = exact[static_cast<size_t>(t)];
      weights[t] = fixed_point(sum != 0.0 ? weight / sum : weight);
    }
    first_[i] = first;
    count_[i] = count;
  }
}

void Axis::split_weights() {
  halves_.resize(2 * weights_.size());
  for (size_t w = 0; w < weights_.size(); ++w) {
    int16_t* group = halves_.data() + w / kTapGroup * kTapGroup * 2 + w % kTapGroup;
    group[0] = static_cast<int16_t>(weights_[w] & 0x7fff);
    group[kTapGroup] = static_cast<int16_t>(weights_[w] >> 15);
  }
}

const ResampleKernels kScalarResample = {along_rows, across_rows};

const ResampleKernels& resample_kernels() {
#ifdef __x86_64__
  if (instruction_set() >= InstructionSet::kAvx2) return kAvx2Resample;
#endif
  return kScalarResample;
}

}  // namespace clip4j::image
