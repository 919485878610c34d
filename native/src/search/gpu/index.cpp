#include "search/gpu/index.h"

#include <algorithm>
#include <atomic>
#include <deque>

#include "base/error.h"
#include "search/gpu/scan.h"
#include "search/parallel.h"

namespace clip4j::search {
namespace {

constexpr int32_t kMostScans = 4;
constexpr int64_t kScanBytes = int64_t{480} << 20;  // lists of what it finds, and rows that pass through

// A tenth is left to others.
int64_t most_of(int64_t free) {
  return free - std::min(free / 2, std::max(free / 10, kMostScans * kScanBytes));
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

GpuIndex::GpuIndex(const cuda::Library& library, int32_t device, cuda::Instruction instruction,
                   int32_t dimension, std::span<const SegmentView> segments, int64_t most_bytes)
    : library_(library), device_(device), instruction_(instruction), dimension_(dimension) {
  idle_.reserve(kMostScans);  // a lease's end must not fail
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
  pieces_ = most_bytes < 0
                ? copy_to_gpu(library, device, dimension, segments, most_of(properties.free_bytes), 2)
                : copy_to_gpu(library, device, dimension, segments, most_bytes, 1);
}

GpuIndex::~GpuIndex() = default;

void GpuIndex::search(std::span<const SegmentView> segments, const float* queries, int64_t query_count,
                      const Request& request, const Kernel& kernel, Hits& hits) const {
  int64_t rows = 0, most = 0;
  for (const SegmentView& view : segments) rows += view.segment->rows();
  std::vector<int64_t> ks;
  for (int64_t q = 0; q < query_count && !request.k.empty(); ++q) {
    ks.push_back(std::min(rows, request.k[request.k.size() == 1 ? 0 : q]));
    most = std::max(most, ks.back());
  }
  if (rows == 0 || ks.empty() || most > kMostHits) {
    search::search(segments, dimension_, queries, query_count, request, kernel, hits);
    return;
  }
  const DefaultFloatingPoint environment;
  check(request, queries, query_count, dimension_, kernel);
  hits.clear();
  hits.offset.push_back(0);
  const int64_t step = GpuScan::most_queries(most), batches = divide_up(query_count, step);
  std::vector<Hits> parts(batches);
  std::atomic<int64_t> next{0};
  // While the CPU prepares one batch, or orders its hits, the GPU scans for another, where a thread is free.
  parallel(std::min<int64_t>(3, batches), [&](int64_t) {
    for (int64_t b; (b = next.fetch_add(1)) < batches;) {
      const int64_t first = b * step, count = std::min(step, query_count - first);
      search_batch(segments, queries + first * dimension_, std::span(ks).subspan(first, count), rows, request,
                   kernel, parts[b]);
    }
  });
  for (const Hits& part : parts) hits.append(part);
}

void GpuIndex::search_batch(std::span<const SegmentView> segments, const float* queries,
                            std::span<const int64_t> ks, int64_t rows, const Request& request,
                            const Kernel& kernel, Hits& hits) const {
  const auto count = static_cast<int32_t>(ks.size());
  std::vector<Candidates> candidates(count);
  std::deque<Threshold> thresholds(count);
  for (int32_t q = 0; q < count; ++q) {
    thresholds[q].reset(ks[q] < rows ? ks[q] : kAllRows, request.minimum_score);
    candidates[q].reset(ks[q], thresholds[q]);
  }
  const Lease scan(*this);
  const std::vector<bool> lost =
      scan->run({segments, pieces_, dimension_, instruction_, most_tiles_, queries, count, ks, request},
                thresholds, candidates);
  hits.rescored += scan->scored();
  parallel(count, [&](int64_t q) {
    candidates[q].settle(Scorer(scan->queries(), static_cast<int32_t>(q), segments));
  });
  for (int32_t q = 0; q < count; ++q) {
    if (lost[q]) {
      Request one = request;
      one.k = ks.subspan(q, 1);
      Hits found;
      search::search(segments, dimension_, queries + int64_t{q} * dimension_, 1, one, kernel, found);
      found.offset.erase(found.offset.begin());
      hits.append(found);
    } else {
      candidates[q].append_to(hits, Scorer(scan->queries(), q, segments));
    }
  }
}

int64_t GpuIndex::resident_bytes() const {
  int64_t bytes = 0;
  for (const GpuPiece& piece : pieces_) bytes += piece.resident.bytes() + piece.values.bytes();
  return bytes;
}

int64_t GpuIndex::pinned_bytes() const {
  int64_t bytes = 0;
  for (const GpuPiece& piece : pieces_) bytes += piece.pinned.bytes();
  return bytes;
}

}  // namespace clip4j::search
