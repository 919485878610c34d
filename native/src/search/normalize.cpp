#include "search/normalize.h"

#include <cmath>
#include <vector>

#include "base/error.h"
#include "search/exact.h"
#include "search/pieces.h"

namespace clip4j::search {

void normalize(float* rows, int64_t n, int32_t dimension) {
  check_dimension(dimension);
  std::vector<double> norms(n);
  std::atomic<int64_t> first_bad{n};
  for_each_piece(n, dimension, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      norms[i] = exact_norm(rows + i * dimension, dimension);
      if (!std::isfinite(norms[i]) || norms[i] == 0) lower_to(first_bad, i);
    }
  });
  if (first_bad < n) {
    const int64_t row = first_bad.load();
    fail(CLIP4J_INVALID_ARGUMENT, "row ", row,
         norms[row] == 0 ? " is zero" : " has a value that is not finite");
  }
  for_each_piece(n, dimension, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = rows + i * dimension;
      for (int32_t j = 0; j < dimension; ++j) row[j] = static_cast<float>(row[j] / norms[i]);
    }
  });
}

}  // namespace clip4j::search
