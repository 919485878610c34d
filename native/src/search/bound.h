#pragma once

#include <cstdint>

#include "search/kernel.h"
#include "search/segment.h"

namespace clip4j::search {

enum class Similarity { kCosine, kDot };

// A query as the bound sees it: the unit query is step * codes + a residual.
struct QueryCodes {
  double norm;      // of the query itself
  double step;      // of its codes
  double residual;  // norm of the residual, rounded up
};

// What a kernel's product says about a row's score for one query and one segment. The proof is
// docs/exact-search.md.
class Bound {
 public:
  Bound() = default;
  // `along_mean` is the dot product of the unit query and the segment's mean.
  Bound(const QueryCodes& query, double along_mean, const Segment& segment, Similarity similarity);

  struct Interval {
    double lower, upper;
  };
  // Where the float64 score of a row lies.
  Interval score(float product, const Codes& codes, int64_t row) const {
    const double middle = along_mean_ + step_ * static_cast<double>(product), most = codes.error[row] + pad_;
    // Norms are read for dot products alone: they are not in the cache.
    const double factor = similarity_ == Similarity::kDot ? query_norm_ * codes.norm[row] : 1;
    return {(middle - most) * factor, (middle + most) * factor};
  }

  // Which rows a kernel need not find when only scores from `threshold` on matter.
  Floor floor(double threshold) const;

 private:
  double step_, query_norm_, greatest_row_norm_;
  double along_mean_;
  double pad_;  // what all rows have in common: the query's residual, and rounding
  Similarity similarity_;
};

}  // namespace clip4j::search
