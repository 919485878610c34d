#include "clip/positions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace clip4j {
namespace {

// What a place of the new grid is made of, along one side.
struct Taps {
  std::array<int64_t, 4> places;
  std::array<double, 4> weights;
};

// Keys 1981 with a = -0.75, which torch uses; beyond the border its last value goes on.
double cubic(double distance) {
  constexpr double a = -0.75;
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

std::vector<Taps> taps(int64_t from, int64_t to) {
  std::vector<Taps> result(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    const double center =
        (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5;
    const auto first = static_cast<int64_t>(std::floor(center)) - 1;
    for (size_t tap = 0; tap < 4; ++tap) {
      const int64_t place = first + static_cast<int64_t>(tap);
      result[static_cast<size_t>(i)].places[tap] = std::clamp<int64_t>(place, 0, from - 1);
      result[static_cast<size_t>(i)].weights[tap] = cubic(static_cast<double>(place) - center);
    }
  }
  return result;
}

}  // namespace

Buffer resized_positions(const Buffer& stored, int64_t leading, int64_t from, int64_t to, int64_t hidden) {
  Buffer resized((leading + to * to) * hidden);
  std::copy_n(stored.data(), leading * hidden, resized.data());
  const float* const grid = stored.data() + leading * hidden;
  float* out = resized.data() + leading * hidden;
  const std::vector<Taps> sides = taps(from, to);
  std::vector<double> sum(static_cast<size_t>(hidden));
  for (const Taps& row : sides) {
    for (const Taps& column : sides) {
      std::ranges::fill(sum, 0);
      for (size_t i = 0; i < 4; ++i) {
        for (size_t j = 0; j < 4; ++j) {
          const double weight = row.weights[i] * column.weights[j];
          const float* const values = grid + (row.places[i] * from + column.places[j]) * hidden;
          for (size_t h = 0; h < sum.size(); ++h) sum[h] += weight * values[h];
        }
      }
      out = std::ranges::transform(sum, out, [](double value) { return static_cast<float>(value); }).out;
    }
  }
  return resized;
}

}  // namespace clip4j
