#include "search/bound.h"

#include "search/segment.h"

namespace clip4j::search {

Bound::Bound(const QueryCodes& query, double along_mean, const Segment& segment, Similarity similarity)
    : step_(query.step),
      query_norm_(query.norm == 0 ? 1 : query.norm),
      greatest_row_norm_(segment.greatest_norm()),
      along_mean_(along_mean),
      similarity_(similarity) {
  const double reach = segment.codes().reach;
  const double rounding = 0x1p-20 * (reach + 4) + 0x1p-50 * segment.dimension();
  pad_ = query.residual * reach + rounding;
}

}  // namespace clip4j::search
