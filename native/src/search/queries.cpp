#include "search/queries.h"

#include <algorithm>
#include <cmath>

namespace clip4j::search {
namespace {

// Rounds to an integer; unlike std::nearbyint, it is not a call. For |value| below 2^51.
double rounded(double value) {
  constexpr double shift = 0x1.8p52;
  return value + shift - shift;
}

}  // namespace

void Queries::assign(const float* values, int32_t count, int32_t dimension, Similarity similarity,
                     int32_t planes, const Kernel& kernel) {
  values_ = values;
  dimension_ = dimension;
  planes_ = planes;
  similarity_ = similarity;
  kernel_ = &kernel;
  const int64_t steps = divide_up(dimension, kStepValues);
  const int32_t columns = count * planes;
  codes_.resize(count);
  start_.resize(columns);
  packed_.resize(columns * steps * kernel.packed_bytes);
  unit_.resize(dimension);
  for (auto& plane : planes_of_one_) plane.assign(steps * kStepValues, 0);
  for (int32_t q = 0; q < count; ++q) {
    codes_[q].norm = std::sqrt(kernel.dot(this->values(q), this->values(q), dimension));
    const int32_t first = q * planes / kernel.columns * kernel.columns;
    quantise(q, packed_.data() + first * steps * kernel.packed_bytes, q * planes - first,
             std::min(kernel.columns, columns - first));
  }
}

void Queries::quantise(int32_t query, uint8_t* pack, int32_t column, int32_t width) {
  const float* from = values(query);
  QueryCodes& codes = codes_[query];
  const double per_norm = codes.norm == 0 ? 0 : 1 / codes.norm;
  double most = 0;
  for (int32_t i = 0; i < dimension_; ++i) {
    unit_[i] = from[i] * per_norm;
    most = std::max(most, std::abs(unit_[i]));
  }
  // In the lower plane's steps, so that the upper plane's codes end at 127.
  const double greatest = planes_ == 1 ? 127 : 127 * 256;
  codes.step = most == 0 ? 1 : most / greatest;
  const double per_step = 1 / codes.step;
  double residual = 0;
  int8_t* upper = planes_of_one_[0].data();
  int8_t* lower = planes_of_one_[1].data();
  int64_t upper_sum = 0, lower_sum = 0;
  for (int32_t i = 0; i < dimension_; ++i) {
    const double code = rounded(unit_[i] * per_step), difference = unit_[i] - code * codes.step;
    residual += difference * difference;
    const auto whole = static_cast<int32_t>(code);
    const int32_t high = planes_ == 1 ? whole : (whole + 128) >> 8;
    upper[i] = static_cast<int8_t>(high);
    lower[i] = static_cast<int8_t>(whole - 256 * high);
    upper_sum += upper[i];
    lower_sum += lower[i];
  }
  // Dividing has rounded each value by less than 2^-51 of it, and the sum of squares by less than 2^-52 a
  // value.
  codes.residual = std::sqrt(residual) * (1 + 0x1p-50 * (dimension_ + 16.0)) + 0x1p-50;
  const auto steps = static_cast<int32_t>(divide_up(dimension_, kStepValues));
  const auto write = [&](const int8_t* plane, int32_t p, int64_t sum) {
    kernel_->pack(plane, steps, column + p, width, pack);
    start_[query * planes_ + p] = static_cast<int32_t>(static_cast<uint32_t>(-128 * sum));
  };
  write(upper, 0, upper_sum);
  if (planes_ == 2) write(lower, 1, lower_sum);
}

Bound Queries::bound(int32_t query, const Segment& segment) const {
  const QueryCodes& codes = codes_[query];
  const double dot = kernel_->dot(values(query), segment.codes().mean.data(), dimension_);
  return Bound(codes, codes.norm == 0 ? 0 : dot / codes.norm, segment, similarity_);
}

double Queries::score(int32_t query, const Segment& segment, int64_t row, float* scratch) const {
  const double dot = kernel_->dot(values(query), segment.source().row(row, scratch), dimension_);
  if (similarity_ == Similarity::kDot) return dot;
  const double row_norm = segment.codes().norm[row];
  return row_norm == 0 ? 0 : std::clamp(dot / codes_[query].norm / row_norm, -1.0, 1.0);
}

}  // namespace clip4j::search
