#include "clip/positions.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace clip4j {
namespace {

// What a place of the new grid is made of, along one side.
struct Tap {
  int64_t place;
  double weight;
};
using Taps = std::vector<Tap>;

// Keys 1981. torch's a is -0.75, and where it antialiases -0.5, as Pillow's.
double cubic(double distance, double a) {
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x >= 2) return 0;
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

// Of four places; beyond the border its last value goes on.
Taps plain_taps(double center, int64_t from) {
  const double middle = center - 0.5;
  const auto first = static_cast<int64_t>(std::floor(middle)) - 1;
  Taps taps;
  for (int64_t place = first; place < first + 4; ++place) {
    taps.push_back(
        {std::clamp<int64_t>(place, 0, from - 1), cubic(static_cast<double>(place) - middle, -0.75)});
  }
  return taps;
}

// Of as many places as the new one covers, and of none beyond the border.
Taps antialiased_taps(double center, double scale, int64_t from) {
  const double stretch = std::max(scale, 1.0);
  const auto first = std::max<int64_t>(static_cast<int64_t>(center - 2 * stretch + 0.5), 0);
  const auto last = std::min<int64_t>(static_cast<int64_t>(center + 2 * stretch + 0.5), from);
  Taps taps;
  double sum = 0;
  for (int64_t place = first; place < last; ++place) {
    taps.push_back({place, cubic((static_cast<double>(place) + 0.5 - center) / stretch, -0.5)});
    sum += taps.back().weight;
  }
  for (Tap& tap : taps) tap.weight /= sum;
  return taps;
}

std::vector<Taps> side(int64_t from, int64_t to, clip4j_position_filter filter) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  std::vector<Taps> taps;
  for (int64_t i = 0; i < to; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    taps.push_back(filter == CLIP4J_BICUBIC ? plain_taps(center, from)
                                            : antialiased_taps(center, scale, from));
  }
  return taps;
}

}  // namespace

Buffer resized_positions(const Buffer& stored, int64_t leading, int64_t from, int64_t to, int64_t hidden,
                         clip4j_position_filter filter) {
  Buffer resized((leading + to * to) * hidden);
  std::copy_n(stored.data(), leading * hidden, resized.data());
  const float* const grid = stored.data() + leading * hidden;
  float* out = resized.data() + leading * hidden;
  const std::vector<Taps> places = side(from, to, filter);
  std::vector<double> sum(static_cast<size_t>(hidden));
  for (const Taps& rows : places) {
    for (const Taps& columns : places) {
      std::ranges::fill(sum, 0);
      for (const Tap& row : rows) {
        for (const Tap& column : columns) {
          const double weight = row.weight * column.weight;
          const float* const values = grid + (row.place * from + column.place) * hidden;
          for (size_t h = 0; h < sum.size(); ++h) sum[h] += weight * values[h];
        }
      }
      out = std::ranges::transform(sum, out, [](double value) { return static_cast<float>(value); }).out;
    }
  }
  return resized;
}

}  // namespace clip4j
