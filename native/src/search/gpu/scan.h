#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "search/candidates.h"
#include "search/gpu/pieces.h"
#include "search/queries.h"
#include "search/threshold.h"

namespace clip4j::search {

// Some queries of a search on a GPU.
struct GpuBatch {
  std::span<const SegmentView> segments;
  std::span<const GpuPiece> pieces;
  int32_t dimension;
  cuda::Instruction instruction;  // for many queries
  int32_t most_tiles;
  const float* queries;  // of the batch
  int32_t count;
  std::span<const int64_t> k;  // of each query, no more than there are rows and kMostHits
  const Request& request;
};

// A scan of all pieces on a stream, and what it needs there. Rounds that grow: after each the GPU raises its
// queries' thresholds by what it has found, so that a round finds few rows though the one before saw few. The
// CPU waits for nothing before the end. Reused, it takes no new memory.
class GpuScan {
 public:
  GpuScan(const cuda::Library& library, int32_t device);

  // Raises the thresholds of the queries and adds the rows that they leave in doubt to their candidates, with
  // their scores where the GPU has the rows.
  // Returns which queries left more in doubt than there was room for; they get none.
  std::vector<bool> run(const GpuBatch& batch, std::deque<Threshold>& thresholds,
                        std::vector<Candidates>& candidates);

  const Queries& queries() const { return queries_; }
  // How many rows the GPU has scored in the last run.
  int64_t scored() const;

  // How many queries a batch may have whose largest k this is.
  static int64_t most_queries(int64_t k);

 private:
  // Some tiles of a piece's walk.
  struct Round {
    int32_t piece, first, tiles;
  };

  void plan(const GpuBatch& batch, int32_t room, int64_t k);
  void upload(const GpuBatch& batch, int32_t room, int32_t planes);
  void make_room_for_pieces(const GpuBatch& batch);
  void scan(const GpuBatch& batch, int32_t room, int32_t planes);
  void raise(const GpuBatch& batch, int32_t room, size_t round);
  void score(const GpuBatch& batch, int32_t room);
  void write_values(const GpuBatch& batch);
  cuda::Rows rows_of(const GpuBatch& batch, int32_t piece);
  const uint64_t* allowed_of(const GpuBatch& batch, int32_t piece);
  bool overflowed() const;
  void collect(const GpuBatch& batch, std::span<const cuda::Found> found, Candidates& candidates);

  const cuda::Library& library_;
  const int32_t device_;
  const cuda::GpuStream stream_;
  cuda::GpuMemory found_, passed_, streamed_, allowed_, small_;
  // Where they are in small_: what is uploaded, floors_ last.
  int64_t columns_ = 0, bounds_ = 0, best_ = 0, rows_ = 0, norms_ = 0, values_ = 0, floors_ = 0;
  int32_t column_tiles_ = 0;
  Queries queries_;
  std::vector<Round> rounds_;
  std::vector<uint8_t> upload_;
  std::vector<cuda::Best> bests_;
  std::vector<cuda::Found> downloaded_;
  std::vector<Candidate> collected_;
};

}  // namespace clip4j::search
