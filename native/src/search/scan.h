#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "search/candidates.h"
#include "search/queries.h"
#include "search/search.h"
#include "search/threshold.h"

namespace clip4j::search {

// Some queries of a search.
struct Batch {
  std::span<const SegmentView> views;
  const float* queries;  // of the whole search
  int64_t first;         // query of the batch
  int32_t count;
  int64_t rows;   // of all views
  int64_t bytes;  // of their codes
  const Request& request;
  const Kernel& kernel;
  int32_t workers;                        // threads that share the rows
  std::span<const double> minimums = {};  // of each query of the batch, instead of the request's
  int32_t stride = 1;                     // one block of so many is scanned, chosen at random

  Place place() const {
    if (bytes <= (768 << 10)) return Place::kCache;
    return bytes <= (40 << 20) ? Place::kSharedCache : Place::kMemory;
  }

  double minimum(int32_t query) const { return minimums.empty() ? request.minimum_score : minimums[query]; }
  // No more than there are rows.
  int64_t k(int64_t query) const {
    const int64_t k = request.k[request.k.size() == 1 ? 0 : first + query];
    return k < rows ? k : rows;
  }
};

// Which block of the `stride` from `first` on a sample scans: whatever the rows' order, it should have
// nothing to do with it.
inline int64_t sampled_block(int64_t first, int32_t stride) {
  uint64_t hash = static_cast<uint64_t>(first) * 0x9E3779B97F4A7C15;
  hash ^= hash >> 32;
  return first + static_cast<int64_t>(hash % static_cast<uint64_t>(stride));
}

// Reads all rows once for a batch: blocks of codes stay in the cache while the batch's queries pass over
// them. A row whose product with a query says that k others are better is forgotten in registers. So no
// queries x rows matrix exists.
class Scan {
 public:
  // Appends the batch's hits. A scan that is used again takes no new memory.
  void run(const Batch& batch, Hits& hits);

  // Native memory that it keeps for the next time.
  int64_t bytes() const;

 private:
  // What one thread has of its own.
  struct Worker {
    std::vector<Candidates> candidates;  // of each query
    std::vector<Floor> floors;           // of each query, for the view that it scans
    std::vector<double> thresholds;      // that the floors were made of
    int64_t step;                        // blocks of the next kernel call, at most
    std::vector<Block> blocks;
    std::vector<int32_t> rows;
    std::vector<float> products;
    std::vector<Found::Run> runs;
  };

  void prepare(const Batch& batch);
  void work(const Batch& batch, Worker& worker);
  void scan_blocks(const Batch& batch, int32_t view, Worker& worker);
  void update_floors(const Batch& batch, int32_t view, Worker& worker);
  void collect(const Batch& batch, int32_t view, const Found& found, Worker& worker);

  Queries queries_;
  std::vector<Bound> bounds_;         // [views][queries]
  std::deque<Threshold> thresholds_;  // of each query
  std::vector<Worker> workers_;
  std::atomic<int64_t> next_piece_{0};
};

}  // namespace clip4j::search
