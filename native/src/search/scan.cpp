#include "search/scan.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/exit_gate.h"
#include "search/bound.h"
#include "search/candidates.h"
#include "search/parallel.h"

// Rows are read once for up to kMostQueries queries, in blocks that stay in the cache while those queries pass over
// them. A float32 product that cannot reach a query's k best, by error_bound(), is forgotten at once; the few that can
// are scored again in float64. So the answer is that of float64 over all rows, and no queries x rows matrix exists.
namespace clip4j::search {
namespace {

constexpr int64_t kMostQueries = 64;
constexpr int64_t kBlockBytes = 256 << 10;       // rows of a block: with the queries, half of a small L2 cache
constexpr int64_t kQueryBytes = 24 << 10;        // queries per pass over a block: within the L1 cache
constexpr int64_t kCandidateBytes = 128 << 20;   // candidates of all threads and queries of a scan
constexpr int64_t kThreadProducts = 1 << 20;     // multiplications that are worth another thread
constexpr int64_t kRescoreProducts = 1 << 18;

constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

void raise_to(std::atomic<float>& floor, float value) {
  float seen = floor.load(std::memory_order_relaxed);
  while (value > seen && !floor.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

// One pass over all rows for a few queries.
class Scan {
 public:
  Scan(const Index& index, const Query* queries, int64_t query_count, int64_t k, Similarity similarity,
       const Kernel& kernel)
      : index_(index),
        queries_(queries),
        query_count_(query_count),
        similarity_(similarity),
        kernel_(kernel),
        bound_(static_cast<float>(error_bound(index.dimension()))),
        block_rows_(std::clamp<int64_t>(kBlockBytes / 4 / index.dimension() / 16 * 16, 16, 1024)),
        unit_(query_count * index.dimension()),
        floors_(query_count),
        candidates_(workers(index, query_count), std::vector<Candidates>(query_count, Candidates(k))) {
    for (int64_t q = 0; q < query_count; ++q) {
      queries[q].write_unit(&unit_[q * index.dimension()]);
      floors_[q] = -std::numeric_limits<float>::infinity();
    }
  }

  // Threads that a scan for so many queries uses.
  static int64_t workers(const Index& index, int64_t query_count) {
    const int64_t products = static_cast<int64_t>(index.size()) * index.dimension() * query_count;
    return std::clamp<int64_t>(products / kThreadProducts, 1, thread_count());
  }

  void run() {
    parallel(static_cast<int64_t>(candidates_.size()), [this](int64_t worker) { work(candidates_[worker]); });
  }

  // Writes the k best of query q; once.
  void finish(int64_t q, int64_t k, int32_t* rows, double* scores) {
    std::vector<Candidate> all = std::move(candidates_[0][q].all());
    for (size_t worker = 1; worker < candidates_.size(); ++worker) {
      std::vector<Candidate>& more = candidates_[worker][q].all();
      all.insert(all.end(), more.begin(), more.end());
      more = {};
    }
    prune(all, k);
    const auto count = static_cast<int64_t>(all.size());
    const int64_t piece = divide_up(kRescoreProducts, index_.dimension());
    parallel(divide_up(count, piece), [&](int64_t i) {
      rescore(all, i * piece, std::min(count, (i + 1) * piece), queries_[q]);
    });
    sort_best(all, k);
    for (int64_t i = 0; i < k; ++i) {
      rows[i] = all[i].row;
      scores[i] = all[i].lower + 0.0;  // never -0
    }
  }

 private:
  // What a worker reuses from block to block.
  struct Scratch {
    std::vector<float> dots, scale, pad;
    std::vector<int32_t> positions;
  };

  void work(std::vector<Candidates>& candidates) {
    Scratch scratch;
    scratch.dots.resize(query_count_ * block_rows_);
    scratch.scale.assign(block_rows_, 1);
    scratch.pad.resize(block_rows_);
    scratch.positions.resize(block_rows_);
    for (int64_t first; (first = next_row_.fetch_add(block_rows_, std::memory_order_relaxed)) < index_.size();) {
      exit_gate::check_running();
      const auto count = static_cast<int32_t>(std::min(block_rows_, index_.size() - first));
      multiply(first, count, scratch.dots.data());
      weigh(first, count, scratch);
      for (int64_t q = 0; q < query_count_; ++q) select(q, first, count, scratch, candidates[q]);
    }
  }

  void multiply(int64_t first, int32_t count, float* dots) const {
    const int64_t dimension = index_.dimension();
    const int64_t step = std::max<int64_t>(4, kQueryBytes / 4 / dimension / 4 * 4);
    for (int64_t q = 0; q < query_count_; q += step) {
      kernel_.dots(index_.row(first), count, &unit_[q * dimension],
                   static_cast<int32_t>(std::min(step, query_count_ - q)), index_.dimension(), dots + q * block_rows_,
                   block_rows_);
    }
  }

  // Sets scale and pad, so that dot * scale is within pad of the score of a unit query.
  void weigh(int64_t first, int32_t count, Scratch& scratch) const {
    if (similarity_ == Similarity::kCosine) {
      std::copy_n(index_.inverse_norms() + first, count, scratch.scale.begin());
    }
    for (int32_t i = 0; i < count; ++i) {
      const double norm = index_.norm(first + i);
      if (norm == 0) {
        scratch.pad[i] = 0;  // the product is 0, and so is the score
      } else if (norm < kLeastNorm || norm > kGreatestNorm) {
        scratch.pad[i] = std::numeric_limits<float>::infinity();
      } else {
        scratch.pad[i] = similarity_ == Similarity::kCosine ? bound_ : static_cast<float>(bound_ * norm);
      }
    }
  }

  void select(int64_t q, int64_t first, int32_t count, Scratch& scratch, Candidates& candidates) {
    const float* dots = &scratch.dots[q * block_rows_];
    const float floor = std::max(candidates.floor(), floors_[q].load(std::memory_order_relaxed));
    const int32_t selected = kernel_.select(dots, scratch.scale.data(), scratch.pad.data(), count, floor,
                                            scratch.positions.data());
    if (selected == 0) return;
    for (int32_t i = 0; i < selected; ++i) {
      const int32_t at = scratch.positions[i];
      candidates.add(static_cast<int32_t>(first + at), dots[at] * scratch.scale[at], scratch.pad[at], queries_[q]);
    }
    raise_to(floors_[q], candidates.floor());
  }

  const Index& index_;
  const Query* queries_;
  const int64_t query_count_;
  const Similarity similarity_;
  const Kernel& kernel_;
  const float bound_;
  const int64_t block_rows_;
  std::vector<float> unit_;
  // What any worker has found to be beaten by k rows.
  std::vector<std::atomic<float>> floors_;
  std::vector<std::vector<Candidates>> candidates_;  // of each worker, for each query
  std::atomic<int64_t> next_row_{0};
};

}  // namespace

void search(const Index& index, const float* queries, int64_t query_count, int64_t k, Similarity similarity,
            const Kernel& kernel, int32_t* rows, double* scores) {
  if (k < 1) fail(CLIP4J_INVALID_ARGUMENT, "k must be at least 1, not ", k);
  const int64_t hits = std::min<int64_t>(k, index.size());
  const DefaultFloatingPoint environment;
  std::vector<Query> all;
  all.reserve(query_count);
  for (int64_t q = 0; q < query_count; ++q) {
    all.emplace_back(index, queries + q * index.dimension(), q, similarity);
  }
  const int64_t bytes_per_query = Candidates::capacity(hits) * static_cast<int64_t>(sizeof(Candidate)) * thread_count();
  const int64_t step = std::clamp<int64_t>(kCandidateBytes / bytes_per_query, 1, kMostQueries);
  for (int64_t first = 0; first < query_count; first += step) {
    const int64_t count = std::min(step, query_count - first);
    Scan scan(index, &all[first], count, hits, similarity, kernel);
    scan.run();
    parallel(count, [&](int64_t q) {
      scan.finish(q, hits, rows + (first + q) * hits, scores + (first + q) * hits);
    });
  }
}

}  // namespace clip4j::search
