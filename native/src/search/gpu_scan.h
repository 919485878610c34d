#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "search/candidates.h"
#include "search/gpu_index.h"
#include "search/queries.h"
#include "search/threshold.h"

namespace clip4j::search {

// How the rows of a piece lie one after another in its memory.
class GpuPieceLayout {
 public:
  GpuPieceLayout(int64_t tiles, int32_t dimension)
      : rows_(tiles * cuda::kTileRows), codes_(rows_ * cuda::chunks(dimension) * cuda::kChunkValues) {}

  int64_t scale() const { return codes_; }
  int64_t error() const { return scale() + rows_ * static_cast<int64_t>(sizeof(float)); }
  int64_t weight() const { return error() + rows_ * static_cast<int64_t>(sizeof(float)); }
  int64_t norm() const { return weight() + rows_ * static_cast<int64_t>(sizeof(float)); }
  int64_t bytes() const { return norm() + rows_ * static_cast<int64_t>(sizeof(double)); }
  int64_t rows() const { return rows_; }

 private:
  int64_t rows_;
  int64_t codes_;
};

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

  // Raises the thresholds of the queries and adds the rows that they leave in doubt to their candidates.
  // Returns which queries left more in doubt than there was room for; they get none.
  std::vector<bool> run(const GpuBatch& batch, std::deque<Threshold>& thresholds,
                        std::vector<Candidates>& candidates);

  const Queries& queries() const { return queries_; }

  // How many queries a batch may have whose largest k this is.
  static int64_t most_queries(int64_t k);

 private:
  // Some tiles of a piece's walk.
  struct Round {
    int32_t piece, first, tiles;
  };

  void plan(const GpuBatch& batch, int32_t room, int64_t k);
  void upload(const GpuBatch& batch, int32_t room, int32_t planes);
  void scan(const GpuBatch& batch, int32_t room, int32_t planes);
  void raise(const GpuBatch& batch, int32_t room, size_t round);
  cuda::Rows rows_of(const GpuBatch& batch, int32_t piece);
  const uint64_t* allowed_of(const GpuBatch& batch, int32_t piece);
  bool overflowed() const;
  void collect(const GpuBatch& batch, std::span<const cuda::Found> found, Candidates& candidates);

  const cuda::Library& library_;
  const int32_t device_;
  const GpuStream stream_;
  GpuMemory found_, streamed_, allowed_, small_;
  int64_t columns_ = 0, bounds_ = 0, floors_ = 0, best_ = 0;  // where they are in small_
  int32_t column_tiles_ = 0;
  Queries queries_;
  std::vector<Round> rounds_;
  std::vector<uint8_t> upload_;
  std::vector<cuda::Best> bests_;
  std::vector<cuda::Found> downloaded_;
  std::vector<Candidate> collected_;
};

}  // namespace clip4j::search
