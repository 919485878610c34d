#pragma once

#include <cstdint>
#include <vector>

#include "base/accounting.h"

namespace clip4j::search {

enum class Similarity { kCosine, kDot };

// Exact top-k over rows of float32 that someone else owns. Immutable, so any number of threads may search at once.
class Index {
 public:
  // `rows` must outlive the index. Throws when a value is not finite.
  Index(const float* rows, int64_t n, int32_t dimension);

  int64_t size() const { return n_; }
  int32_t dimension() const { return dimension_; }

  // The best min(k, size()) rows of each query, best first, equal scores by row number; scores are float64 arithmetic
  // on the stored float32 values. Both outputs are query_count x min(k, size()).
  void search(const float* queries, int64_t query_count, int64_t k, Similarity similarity, int32_t* rows,
              double* scores) const;

 private:
  const float* rows_;
  int64_t n_;
  int32_t dimension_;
  std::vector<double> norms_;
  CountedBytes bytes_;
};

// Divides each row by its Euclidean norm; throws, with nothing changed, when one is zero or not finite.
void normalize(float* rows, int64_t n, int32_t dimension);

}  // namespace clip4j::search
