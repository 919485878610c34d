#pragma once

#include "cuda/topk.h"
#include "search/exact.h"

// After the last scan: the scores of what has been found, where the GPU has the rows. Some thread blocks a
// query. `Machine` as in topk_scan.h.
namespace clip4j::cuda {

template <typename Machine>
class RowScorer {
 public:
  CLIP4J_KERNEL RowScorer(const Score& score, Machine& machine)
      : score_(score),
        machine_(machine),
        query_(machine.block() % score.queries),
        best_(score.best[query_]) {}

  CLIP4J_KERNEL void run() {
    const int32_t count = best_.count < score_.room ? best_.count : score_.room,
                  step = machine_.blocks() / score_.queries * kThreads;
    int32_t scored = 0;
    for (int32_t i = machine_.block() / score_.queries * kThreads + machine_.thread(); i < count; i += step) {
      Found& found = score_.found[static_cast<int64_t>(query_) * score_.room + i];
      const RowValues& rows = score_.rows[found.piece];
      if (found.row >= rows.count || found.lower == found.upper ||
          (score_.best_alone && found.lower < best_.threshold)) {
        continue;
      }
      found.lower = found.upper = score_of(rows, found.row);
      ++scored;
    }
    if (scored > 0) machine_.add(&best_.scored, scored);
  }

 private:
  CLIP4J_KERNEL double score_of(const RowValues& rows, int64_t row) const {
    const Eight *a = score_.values + static_cast<int64_t>(query_) * score_.steps,
                *b = rows.values + row * score_.steps;
    search::ExactSum sum;
    for (int32_t step = 0; step < score_.steps; ++step) {
      const Eight x = a[step], y = b[step];
      sum.add(x.values, y.values);
    }
    const double dot = sum.total();
    return score_.cosine ? search::exact_cosine(dot, score_.norms[query_], rows.norm[row]) : dot;
  }

  const Score& score_;
  Machine& machine_;
  const int32_t query_;
  Best& best_;
};

}  // namespace clip4j::cuda
