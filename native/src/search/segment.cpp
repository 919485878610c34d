#include "search/segment.h"

#include <algorithm>
#include <utility>

namespace clip4j::search {

Segment::Segment(Codes codes, std::shared_ptr<const RowSource> rows)
    : codes_(std::move(codes)), rows_(std::move(rows)), weights_(codes_.norm.size()) {
  for (const double norm : codes_.norm.span()) greatest_norm_ = std::max(greatest_norm_, norm);
  // Beyond the greatest a weight need not be exact (see Floor): no row in doubt weighs so much.
  constexpr double greatest = 1e38;
  for (int64_t i = 0; i < weights_.size(); ++i) {
    const double norm = codes_.norm[i];
    weights_[i] = static_cast<float>(norm * greatest <= greatest_norm_ ? greatest : greatest_norm_ / norm);
  }
}

int64_t Segment::bytes() const {
  return codes_.values.bytes() + codes_.scale.bytes() + codes_.error.bytes() + codes_.norm.bytes() +
         codes_.mean.bytes() + weights_.bytes();
}

}  // namespace clip4j::search
