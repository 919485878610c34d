#include "search/gpu/pieces.h"

#include <algorithm>
#include <cstring>

#include "search/exact.h"
#include "search/gpu/layout.h"
#include "search/parallel.h"

namespace clip4j::search {
namespace {

constexpr int64_t kStagingBytes = 128 << 20;
constexpr int64_t kPieceRows = 256;  // that a thread copies at a time

// Tiles of a piece that takes no more than `bytes`.
int64_t tiles_in(int64_t bytes, int32_t dimension) { return bytes / GpuPieceLayout(1, dimension).bytes(); }

// Copies values of rows first ... first + count - 1; after the last there are zeros.
template <typename T>
void copy_rows(const T* from, int64_t all, int64_t first, int64_t count, uint8_t* to) {
  const int64_t there = std::clamp<int64_t>(all - first, 0, count);
  std::memcpy(to, from + first, there * sizeof(T));
  std::memset(to + there * sizeof(T), 0, (count - there) * sizeof(T));
}

// Writes tiles of a segment as they lie in a piece.
void write_tiles(const Segment& segment, int64_t first_tile, const GpuPieceLayout& layout, uint8_t* to) {
  const Codes& codes = segment.codes();
  const int64_t first = first_tile * cuda::kTileRows, rows = layout.rows(), all = codes.blocks() * kBlockRows;
  pack_rows(codes, first / kBlockRows, rows / kBlockRows, reinterpret_cast<cuda::RowPart*>(to));
  copy_rows(codes.scale.data(), all, first, rows, to + layout.scale());
  copy_rows(codes.error.data(), all, first, rows, to + layout.error());
  copy_rows(segment.weights(), all, first, rows, to + layout.weight());
  copy_rows(codes.norm.data(), all, first, rows, to + layout.norm());
}

class Copier {
 public:
  // Segments have so many rows at most.
  Copier(const cuda::Library& library, int32_t device, int32_t dimension, int64_t most_bytes,
         int64_t most_rows)
      : library_(library),
        device_(device),
        dimension_(dimension),
        left_(most_bytes),
        staged_tiles_(std::clamp<int64_t>(divide_up(most_rows, cuda::kTileRows), 1,
                                          std::max<int64_t>(1, tiles_in(kStagingBytes, dimension)))),
        staging_(library, GpuPieceLayout(staged_tiles_, dimension).bytes()),
        stream_(library, device) {}

  // As much of its codes as there is room for goes to the GPU.
  void add_codes(const Segment& segment, int32_t number, std::vector<GpuPiece>& pieces) {
    const int64_t all = divide_up(segment.rows(), cuda::kTileRows),
                  resident = std::min(all, tiles_in(left_, dimension_));
    const auto piece = [&](int64_t first_tile, int64_t tiles) -> GpuPiece& {
      GpuPiece& made = pieces.emplace_back();
      made.segment = number;
      made.first_row = static_cast<int32_t>(first_tile * cuda::kTileRows);
      made.rows = static_cast<int32_t>(std::min(tiles * cuda::kTileRows, segment.rows() - made.first_row));
      made.tiles = static_cast<int32_t>(tiles);
      return made;
    };
    if (resident > 0) piece(0, resident).resident = resident_codes(segment, resident);
    for (int64_t first = resident; first < all; first += staged_tiles_) {
      const int64_t tiles = std::min(staged_tiles_, all - first);
      piece(first, tiles).pinned = pinned_codes(segment, first, tiles);
    }
  }

  // From now on there is room for one `share`-th of what there was.
  void keep_free(int64_t share) { left_ /= share; }

  // As add_codes(), of the values of a piece's rows.
  void add_values(const Segment& segment, GpuPiece& piece) {
    const int64_t steps = cuda::value_steps(dimension_),
                  row_bytes = steps * static_cast<int64_t>(sizeof(cuda::Eight)),
                  count = std::min<int64_t>(piece.rows, left_ / row_bytes),
                  staged_rows = staging_.bytes() / row_bytes;
    if (count == 0) return;
    piece.values = cuda::GpuMemory(library_, device_, count * row_bytes);
    piece.valued_rows = static_cast<int32_t>(count);
    left_ -= count * row_bytes;
    for (int64_t first = 0; first < count; first += staged_rows) {
      const int64_t some = std::min(staged_rows, count - first);
      write_values(segment, piece.first_row + first, some);
      check(library_, library_.upload(stream_.get(), piece.values.at<void>(first * row_bytes),
                                      staging_.data(), some * row_bytes));
      check(library_, library_.wait(stream_.get()));
    }
  }

 private:
  cuda::GpuMemory resident_codes(const Segment& segment, int64_t tiles) {
    const GpuPieceLayout layout(tiles, dimension_);
    cuda::GpuMemory memory(library_, device_, layout.bytes());
    left_ -= layout.bytes();
    for (int64_t first = 0; first < tiles; first += staged_tiles_) {
      const GpuPieceLayout staged(std::min(staged_tiles_, tiles - first), dimension_);
      write_tiles(segment, first, staged, staging_.data());
      const auto upload = [&](int64_t to, int64_t from, int64_t row_bytes) {
        check(library_,
              library_.upload(stream_.get(), memory.at<void>(to + first * cuda::kTileRows * row_bytes),
                              staging_.data() + from, staged.rows() * row_bytes));
      };
      upload(0, 0, layout.scale() / layout.rows());
      upload(layout.scale(), staged.scale(), sizeof(float));
      upload(layout.error(), staged.error(), sizeof(float));
      upload(layout.weight(), staged.weight(), sizeof(float));
      upload(layout.norm(), staged.norm(), sizeof(double));
      check(library_, library_.wait(stream_.get()));
    }
    return memory;
  }

  cuda::PinnedMemory pinned_codes(const Segment& segment, int64_t first, int64_t tiles) {
    const GpuPieceLayout layout(tiles, dimension_);
    cuda::PinnedMemory memory(library_, layout.bytes());
    write_tiles(segment, first, layout, memory.data());
    return memory;
  }

  // To the staging memory.
  void write_values(const Segment& segment, int64_t first, int64_t count) {
    const int64_t padded = int64_t{cuda::value_steps(dimension_)} * ExactSum::kLanes;
    auto* const to = reinterpret_cast<float*>(staging_.data());
    parallel(divide_up(count, kPieceRows), [&](int64_t part) {
      std::vector<float> scratch(dimension_);
      for (int64_t i = part * kPieceRows; i < std::min(count, (part + 1) * kPieceRows); ++i) {
        const float* row = segment.source().row(first + i, scratch.data());
        std::fill(std::copy_n(row, dimension_, to + i * padded), to + (i + 1) * padded, 0.0F);
      }
    });
  }

  const cuda::Library& library_;
  const int32_t device_, dimension_;
  int64_t left_;  // bytes of the GPU's
  const int64_t staged_tiles_;
  const cuda::PinnedMemory staging_;
  const cuda::GpuStream stream_;
};

}  // namespace

std::vector<GpuPiece> copy_to_gpu(const cuda::Library& library, int32_t device, int32_t dimension,
                                  std::span<const SegmentView> segments, int64_t most_bytes,
                                  int64_t values_share) {
  int64_t most_rows = 0;
  for (const SegmentView& view : segments) most_rows = std::max(most_rows, view.segment->rows());
  Copier copier(library, device, dimension, most_bytes, most_rows);
  std::vector<GpuPiece> pieces;
  for (size_t s = 0; s < segments.size(); ++s) {
    copier.add_codes(*segments[s].segment, static_cast<int32_t>(s), pieces);
  }
  copier.keep_free(values_share);
  for (GpuPiece& piece : pieces) {
    if (piece.is_resident()) copier.add_values(*segments[piece.segment].segment, piece);
  }
  return pieces;
}

}  // namespace clip4j::search
