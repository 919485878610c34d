#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/memory.h"
#include "search/segment.h"

namespace clip4j::search {

// Some rows that lie on a GPU, or in pinned memory for it: whole tiles of a segment's codes, with what the
// certificate needs of each row.
struct GpuPiece {
  cuda::GpuMemory resident;
  cuda::PinnedMemory pinned;  // where it is not resident: it is copied at each search
  cuda::GpuMemory values;     // float32, of the first rows
  int32_t valued_rows = 0;
  int32_t segment = 0;
  int32_t first_row = 0;  // in the segment; a multiple of 64
  int32_t rows = 0;
  int32_t tiles = 0;

  bool is_resident() const { return resident.bytes() > 0; }
};

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

// Copies segments to a GPU. Of `most_bytes` there codes take what they need, the first segments first;
// float32 values of rows whose codes are there get one `values_share`-th of what is left. Codes without room
// go to pinned memory.
std::vector<GpuPiece> copy_to_gpu(const cuda::Library& library, int32_t device, int32_t dimension,
                                  std::span<const SegmentView> segments, int64_t most_bytes,
                                  int64_t values_share);

}  // namespace clip4j::search
