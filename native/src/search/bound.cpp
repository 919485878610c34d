#include "search/bound.h"

#include <cmath>
#include <limits>

namespace clip4j::search {
namespace {

// The greatest float that is not greater.
float round_down(double value) {
  const auto rounded = static_cast<float>(value);
  return rounded > value ? std::nextafter(rounded, -std::numeric_limits<float>::infinity()) : rounded;
}

}  // namespace

Bound::Bound(const QueryCodes& query, double along_mean, const Segment& segment, Similarity similarity)
    : step_(query.step),
      query_norm_(query.norm == 0 ? 1 : query.norm),
      greatest_row_norm_(segment.greatest_norm()),
      along_mean_(along_mean),
      similarity_(similarity) {
  const double reach = segment.codes().reach;
  // Float32's in the kernel, and float64's everywhere else.
  const double rounding = 0x1p-19 * (reach + 4) + 0x1p-50 * segment.dimension();
  pad_ = query.residual * reach + rounding;
}

Floor Bound::floor(double threshold) const {
  // A row's error times this may be too small by a rounding, which the pad has room for.
  const auto error = static_cast<float>(1 / step_);
  if (similarity_ == Similarity::kCosine) {
    return {.threshold = round_down((threshold - along_mean_ - pad_) / step_), .offset = 0, .error = error};
  }
  float scaled = round_down(threshold / query_norm_ / greatest_row_norm_ / step_);
  // Weights end at 1e38. With a threshold this small they would decide something; it is lowered to where they
  // do not.
  constexpr float least = 1e-30F;
  if (scaled > 0 && scaled < least) scaled = 0;
  if (scaled < 0 && scaled > -least) scaled = -least;
  return {.threshold = scaled, .offset = round_down(-(along_mean_ + pad_) / step_), .error = error};
}

}  // namespace clip4j::search
