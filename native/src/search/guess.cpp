#include "search/guess.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace clip4j::search {
namespace {

constexpr int64_t kLeastK = 50;       // fewer are collected without effort
constexpr int64_t kLeastQueries = 8;  // for fewer the scan waits for memory anyway

// How many of the best rows of a sample must be among the best k of all for the guess to be wrong: 5 standard
// deviations above what is expected.
int64_t rank(int64_t k) {
  const double expected = static_cast<double>(k) / kGuessStride;
  return static_cast<int64_t>(std::ceil(expected + 5 * std::sqrt(expected) + 5));
}

// The score of the rank-th best block: neighbours may be alike (the frames of a film), and count once.
double guess(const Hits& sample, int32_t query, int64_t rank, double otherwise) {
  std::vector<int64_t> blocks;
  for (int64_t i = query == 0 ? 0 : sample.offset[query - 1]; i < sample.offset[query]; ++i) {
    const int64_t block = sample.row[i] / kBlockRows;
    if (std::ranges::find(blocks, block) == blocks.end()) blocks.push_back(block);
    if (static_cast<int64_t>(blocks.size()) == rank) return sample.score[i];
  }
  return otherwise;
}

// Whether all of the sample's rows are many times as many as its best ones.
bool sample_tells(int32_t query, const Batch& batch) { return batch.k(query) <= batch.rows / 100; }

}  // namespace

bool guessing_pays(const Batch& batch) {
  if (batch.count < kLeastQueries) return false;
  for (int32_t q = 0; q < batch.count; ++q) {
    if (batch.k(q) >= kLeastK && sample_tells(q, batch)) return true;
  }
  return false;
}

void run_with_guess(const Batch& batch, Scan& scan, Hits& hits) {
  int64_t most = 0;
  for (int32_t q = 0; q < batch.count; ++q) {
    if (sample_tells(q, batch)) most = std::max(most, rank(batch.k(q)));
  }
  const int64_t k = 2 * most;
  const Request request{
      .k = {&k, 1}, .minimum_score = batch.request.minimum_score, .similarity = batch.request.similarity};
  Hits sample;
  scan.run({.views = batch.views,
            .queries = batch.queries,
            .first = batch.first,
            .count = batch.count,
            .rows = batch.rows,
            .bytes = batch.bytes,
            .request = request,
            .kernel = batch.kernel,
            .workers = batch.workers,
            .stride = kGuessStride},
           sample);
  std::vector<double> guesses;
  for (int32_t q = 0; q < batch.count; ++q) {
    const double otherwise = batch.request.minimum_score;
    guesses.push_back(sample_tells(q, batch) ? guess(sample, q, rank(batch.k(q)), otherwise) : otherwise);
  }
  Batch guessed = batch;
  guessed.minimums = guesses;
  Hits found;
  scan.run(guessed, found);
  const auto lacks = [&](int32_t q) {
    const int64_t count = found.offset[q] - (q == 0 ? 0 : found.offset[q - 1]);
    return count < batch.k(q) && guesses[q] > batch.request.minimum_score;
  };
  bool wrong = false;
  for (int32_t q = 0; q < batch.count; ++q) wrong = wrong || lacks(q);
  hits.rescored += sample.rescored;
  if (wrong) {
    hits.rescored += found.rescored;
    scan.run(batch, hits);
  } else {
    hits.append(found);
  }
}

}  // namespace clip4j::search
