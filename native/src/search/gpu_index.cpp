#include "search/gpu_index.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "base/error.h"
#include "search/gpu_layout.h"
#include "search/gpu_scan.h"
#include "search/parallel.h"

namespace clip4j::search {
namespace {

constexpr int64_t kStagingBytes = 128 << 20;
constexpr int32_t kMostScans = 4;

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

}  // namespace

class GpuIndex::Lease {
 public:
  explicit Lease(const GpuIndex& index) : index_(index) {
    std::unique_lock lock(index.mutex_);
    index.returned_.wait(lock, [&] { return !index.idle_.empty() || index.made_ < kMostScans; });
    if (!index.idle_.empty()) {
      scan_ = std::move(index.idle_.back());
      index.idle_.pop_back();
    } else {
      scan_ = std::make_unique<GpuScan>(index.library_, index.device_);
      ++index.made_;
    }
  }
  ~Lease() {
    const std::lock_guard lock(index_.mutex_);
    index_.idle_.push_back(std::move(scan_));
    index_.returned_.notify_one();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  GpuScan* operator->() const { return scan_.get(); }

 private:
  const GpuIndex& index_;
  std::unique_ptr<GpuScan> scan_;
};

// Makes the pieces of an index.
class GpuIndex::Copy {
 public:
  // Segments have so many rows at most.
  Copy(GpuIndex& index, const cuda::Properties& properties, int64_t most_bytes, int64_t most_rows)
      : index_(index),
        left_(most_bytes < 0 ? properties.free_bytes / 10 * 9 : most_bytes),
        staged_tiles_(std::clamp<int64_t>(divide_up(most_rows, cuda::kTileRows), 1,
                                          std::max<int64_t>(1, tiles_in(kStagingBytes, index.dimension_)))),
        staging_(index.library_, GpuPieceLayout(staged_tiles_, index.dimension_).bytes()),
        stream_(index.library_, index.device_) {}

  // As much of it as there is room for goes to the GPU.
  void add(const Segment& segment, int32_t number) {
    const int64_t all = divide_up(segment.rows(), cuda::kTileRows),
                  resident = std::min(all, tiles_in(left_, index_.dimension_));
    if (resident > 0) add_resident(segment, number, resident);
    for (int64_t first = resident; first < all; first += staged_tiles_) {
      add_pinned(segment, number, first, std::min(staged_tiles_, all - first));
    }
  }

 private:
  GpuPiece& piece(const Segment& segment, int32_t number, int64_t first_tile, int64_t tiles) {
    const int64_t first = first_tile * cuda::kTileRows;
    return index_.pieces_.emplace_back(
        GpuPiece{{},
                 {},
                 number,
                 static_cast<int32_t>(first),
                 static_cast<int32_t>(std::min(tiles * cuda::kTileRows, segment.rows() - first)),
                 static_cast<int32_t>(tiles)});
  }

  void add_resident(const Segment& segment, int32_t number, int64_t tiles) {
    const GpuPieceLayout layout(tiles, index_.dimension_);
    GpuMemory& memory = piece(segment, number, 0, tiles).resident;
    memory = GpuMemory(index_.library_, index_.device_, layout.bytes());
    left_ -= layout.bytes();
    for (int64_t first = 0; first < tiles; first += staged_tiles_) {
      const GpuPieceLayout staged(std::min(staged_tiles_, tiles - first), index_.dimension_);
      write_tiles(segment, first, staged, staging_.data());
      const auto upload = [&](int64_t to, int64_t from, int64_t row_bytes) {
        check(index_.library_,
              index_.library_.upload(stream_.get(), memory.at<void>(to + first * cuda::kTileRows * row_bytes),
                                     staging_.data() + from, staged.rows() * row_bytes));
      };
      upload(0, 0, layout.scale() / layout.rows());
      upload(layout.scale(), staged.scale(), sizeof(float));
      upload(layout.error(), staged.error(), sizeof(float));
      upload(layout.weight(), staged.weight(), sizeof(float));
      upload(layout.norm(), staged.norm(), sizeof(double));
      check(index_.library_, index_.library_.wait(stream_.get()));
    }
  }

  void add_pinned(const Segment& segment, int32_t number, int64_t first, int64_t tiles) {
    const GpuPieceLayout layout(tiles, index_.dimension_);
    PinnedMemory& memory = piece(segment, number, first, tiles).pinned;
    memory = PinnedMemory(index_.library_, layout.bytes());
    write_tiles(segment, first, layout, memory.data());
  }

  GpuIndex& index_;
  int64_t left_;
  const int64_t staged_tiles_;
  const PinnedMemory staging_;
  const GpuStream stream_;
};

GpuIndex::GpuIndex(const cuda::Library& library, int32_t device, cuda::Instruction instruction,
                   int32_t dimension, std::span<const SegmentView> segments, int64_t most_bytes)
    : library_(library), device_(device), instruction_(instruction), dimension_(dimension) {
  check_device(library, device);
  cuda::Properties properties;
  check(library, library.properties(device, &properties));
  for (int32_t tiles = 1; tiles <= cuda::most_tiles(instruction); tiles *= 2) {
    if (cuda::shared_bytes(tiles, cuda::chunks(dimension_)) <= properties.shared_bytes) most_tiles_ = tiles;
  }
  if (most_tiles_ == 0) {
    fail(CLIP4J_UNSUPPORTED, "rows of ", dimension_,
         " values are too long for a GPU: search them on the CPU");
  }
  int64_t most_rows = 0;
  for (const SegmentView& view : segments) most_rows = std::max(most_rows, view.segment->rows());
  Copy copy(*this, properties, most_bytes, most_rows);
  for (size_t s = 0; s < segments.size(); ++s) copy.add(*segments[s].segment, static_cast<int32_t>(s));
}

GpuIndex::~GpuIndex() = default;

void GpuIndex::search(std::span<const SegmentView> segments, const float* queries, int64_t query_count,
                      const Request& request, const Kernel& kernel, Hits& hits) const {
  int64_t rows = 0, most = 0;
  for (const SegmentView& view : segments) rows += view.segment->rows();
  const auto k = [&](int64_t q) { return std::min(rows, request.k[request.k.size() == 1 ? 0 : q]); };
  for (int64_t q = 0; q < query_count; ++q) most = std::max(most, k(q));
  if (rows == 0 || query_count == 0 || most > kMostHits || request.k.empty()) {
    search::search(segments, dimension_, queries, query_count, request, kernel, hits);
    return;
  }
  const DefaultFloatingPoint environment;
  check(request, queries, query_count, dimension_, kernel);
  hits.clear();
  hits.offset.push_back(0);
  const int64_t step = GpuScan::most_queries(most);
  std::vector<int64_t> ks;
  std::vector<Candidates> candidates(std::min(step, query_count));
  std::deque<Threshold> thresholds(candidates.size());
  for (int64_t first = 0; first < query_count; first += step) {
    const auto count = static_cast<int32_t>(std::min(step, query_count - first));
    ks.clear();
    for (int32_t q = 0; q < count; ++q) {
      ks.push_back(k(first + q));
      thresholds[q].reset(ks[q] < rows ? ks[q] : kAllRows, request.minimum_score);
      candidates[q].reset(ks[q], thresholds[q]);
    }
    const float* from = queries + first * dimension_;
    const Lease scan(*this);
    const std::vector<bool> lost =
        scan->run({segments, pieces_, dimension_, instruction_, most_tiles_, from, count, ks, request},
                  thresholds, candidates);
    parallel(count, [&](int64_t q) {
      candidates[q].settle(Scorer(scan->queries(), static_cast<int32_t>(q), segments));
    });
    for (int32_t q = 0; q < count; ++q) {
      if (lost[q]) {
        Request one = request;
        one.k = {&ks[q], 1};
        Hits found;
        search::search(segments, dimension_, from + int64_t{q} * dimension_, 1, one, kernel, found);
        found.offset.erase(found.offset.begin());
        hits.append(found);
      } else {
        candidates[q].append_to(hits, Scorer(scan->queries(), q, segments));
      }
    }
  }
}

int64_t GpuIndex::resident_bytes() const {
  int64_t bytes = 0;
  for (const GpuPiece& piece : pieces_) bytes += piece.resident.bytes();
  return bytes;
}

int64_t GpuIndex::pinned_bytes() const {
  int64_t bytes = 0;
  for (const GpuPiece& piece : pieces_) bytes += piece.pinned.bytes();
  return bytes;
}

}  // namespace clip4j::search
