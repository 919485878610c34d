#include "image/jpeg/picture.h"

#include <algorithm>

namespace clip4j::image {
namespace {

constexpr int kBlock = 8;

// Two samples for each of `count` sums, one of them nearer to the sum before and one to the sum behind;
// sums[-1] and sums[count] are readable. The bias alternates so that rounding favours neither.
template <int kShift, int kFirstBias, int kSecondBias>
void widen(const uint16_t* sums, int count, uint8_t* out) {
  for (int i = 0; i < count; ++i) {
    out[2 * i] = static_cast<uint8_t>((3 * sums[i] + sums[i - 1] + kFirstBias) >> kShift);
    out[2 * i + 1] = static_cast<uint8_t>((3 * sums[i] + sums[i + 1] + kSecondBias) >> kShift);
  }
}

}  // namespace

bool JpegPicture::makes(const JpegFrame& frame) {
  const std::vector<JpegComponent>& parts = frame.components;
  if (frame.progressive || parts.size() > 3) return false;
  if (parts.size() == 1) return true;
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].horizontal != 1 || parts[i].vertical != 1) return false;
  }
  const int across = parts[0].horizontal;
  const int down = parts[0].vertical;
  // libjpeg does not smoothen what is narrower.
  return (across == 1 && down == 1) || (across == 2 && down <= 2 && divide_up(frame.width, 2) > 2);
}

JpegPicture::JpegPicture(const JpegFrame& frame, const std::vector<JpegSteps>& steps)
    : pixels_{frame.width, frame.height, {}},
      // The scan of a single component is not interleaved, whatever its factors.
      horizontal_(steps.size() == 1 ? 1 : frame.components[0].horizontal),
      vertical_(steps.size() == 1 ? 1 : frame.components[0].vertical) {
  pixels_.rgb.resize(size_t{3} * static_cast<size_t>(frame.width) * static_cast<size_t>(frame.height));
  const int units = divide_up(frame.width, kBlock * horizontal_);
  for (size_t i = 0; i < steps.size(); ++i) {
    const int across = i == 0 ? horizontal_ : 1;
    const int down = i == 0 ? vertical_ : 1;
    Plane plane{steps[i],
                divide_up(frame.width * across, horizontal_),
                divide_up(frame.height * down, vertical_),
                2 * kBlock * down,
                ptrdiff_t{kBlock} * across * units,
                {}};
    plane.samples.resize(static_cast<size_t>(plane.stride * plane.rows));
    planes_.push_back(std::move(plane));
  }
  const size_t width = static_cast<size_t>(kBlock * horizontal_ * units);
  sums_.resize(width / 2 + 2);
  for (std::vector<uint8_t>& row : wide_) row.resize(width, 128);  // grey's stay at 128, no colour
}

void JpegPicture::add_block(size_t component, int x, int y, int16_t* coefficients) {
  Plane& plane = planes_[component];
  kernels_.inverse_dct(coefficients, plane.steps.data(), plane.row(kBlock * y) + kBlock * x, plane.stride);
}

void JpegPicture::finish_units(int y) {
  // Where rows are blended, the last one waits for the one below.
  const int there = kBlock * vertical_ * (y + 1);
  const int end = there >= pixels_.height ? pixels_.height : there - (vertical_ - 1);
  for (; finished_ < end; ++finished_) finish_row(finished_);
}

void JpegPicture::finish_row(int y) {
  const uint8_t* blue = wide_[0].data();
  const uint8_t* red = wide_[1].data();
  if (planes_.size() == 3) {
    blue = chroma(planes_[1], y, wide_[0]);
    red = chroma(planes_[2], y, wide_[1]);
  }
  kernels_.to_rgb(planes_[0].row(y), blue, red, pixels_.width, pixels_.row(y));
}

// A row as wide as the picture: 3/4 of the nearer sample and 1/4 of the farther, across and down.
const uint8_t* JpegPicture::chroma(Plane& plane, int y, std::vector<uint8_t>& wide) {
  if (horizontal_ == 1) return plane.row(y);
  const int width = plane.width;
  uint16_t* sums = sums_.data() + 1;
  const uint8_t* near = plane.row(y / vertical_);
  if (vertical_ == 1) {
    for (int i = 0; i < width; ++i) sums[i] = near[i];
  } else {
    const uint8_t* far = plane.row(std::clamp(y / 2 + (y % 2 == 0 ? -1 : 1), 0, plane.height - 1));
    for (int i = 0; i < width; ++i) sums[i] = static_cast<uint16_t>(3 * near[i] + far[i]);
  }
  sums[-1] = sums[0];
  sums[width] = sums[width - 1];
  vertical_ == 1 ? widen<2, 1, 2>(sums, width, wide.data()) : widen<4, 8, 7>(sums, width, wide.data());
  return wide.data();
}

}  // namespace clip4j::image
