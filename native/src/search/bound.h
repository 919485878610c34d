#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "base/host_device.h"
#include "search/kernels/kernel.h"

namespace clip4j::search {

class Segment;

enum class Similarity { kCosine, kDot };

// A query as the bound sees it: the unit query is step * codes + a residual.
struct QueryCodes {
  double norm;      // of the query itself
  double step;      // of its codes
  double residual;  // norm of the residual, rounded up
};

// The greatest float that is not greater, and the least that is not less.
CLIP4J_HD inline float round_down(double value) {
  const auto rounded = static_cast<float>(value);
  return rounded > value ? nextafterf(rounded, -std::numeric_limits<float>::infinity()) : rounded;
}
CLIP4J_HD inline float round_up(double value) { return -round_down(-value); }

// Whether a kernel finds a row. Where rows have no weights, 1 stands for each: the offset is 0 there.
CLIP4J_HD inline bool passes(float product, float row_error, float row_weight, const Floor& floor) {
  return !(product + floor.error * row_error < floor.threshold * row_weight + floor.offset);
}

// What a kernel's product says about a row's score for one query and one segment. The proof is
// docs/exact-search.md. Plain data: a copy on a GPU does the same arithmetic there.
class Bound {
 public:
  Bound() = default;
  // `along_mean` is the dot product of the unit query and the segment's mean.
  Bound(const QueryCodes& query, double along_mean, const Segment& segment, Similarity similarity);

  struct Interval {
    double lower, upper;
  };
  // Where the float64 score of a row lies that has this error and norm. Norms matter to dot products alone.
  CLIP4J_HD Interval score(float product, float row_error, double row_norm) const {
    const double middle = along_mean_ + step_ * static_cast<double>(product), most = row_error + pad_;
    const double factor = weighted() ? query_norm_ * row_norm : 1;
    return {(middle - most) * factor, (middle + most) * factor};
  }
  CLIP4J_HD bool weighted() const { return similarity_ == Similarity::kDot; }

  // Which rows a kernel need not find when only scores from `threshold` on matter.
  CLIP4J_HD Floor floor(double threshold) const {
    // A row's error times this may be too small by a rounding, which the pad has room for.
    const auto error = static_cast<float>(1 / step_);
    if (!weighted()) return {round_down((threshold - along_mean_ - pad_) / step_), 0, error};
    float scaled = round_down(threshold / query_norm_ / greatest_row_norm_ / step_);
    // Weights end at 1e38. With a threshold this small they would decide something; it is lowered to where
    // they do not.
    constexpr float least = 1e-30F;
    if (scaled > 0 && scaled < least) scaled = 0;
    if (scaled < 0 && scaled > -least) scaled = -least;
    return {scaled, round_down(-(along_mean_ + pad_) / step_), error};
  }

 private:
  double step_, query_norm_, greatest_row_norm_;
  double along_mean_;
  double pad_;  // what all rows have in common: the query's residual, and rounding
  Similarity similarity_;
};

}  // namespace clip4j::search
