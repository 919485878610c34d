#include "search/scan.h"

#include <algorithm>
#include <limits>

#include "base/exit_gate.h"
#include "search/parallel.h"

namespace clip4j::search {
namespace {

// Codes that a worker takes at a time are a large page, which as one stream is read a tenth faster than in
// quarters; or less, so that a worker has several turns and none waits long for another's last one.
constexpr int64_t kMostPieceBytes = 2 << 20;
constexpr int64_t kLeastPieceBytes = 512 << 10;
constexpr int64_t kTurns = 16;

constexpr int64_t kFirstBlocks = 4;      // of the first kernel call, when any row may be among the best
constexpr int64_t kMostFound = 1 << 16;  // of a kernel call

// Blocks of a piece, of which a sample scans one in `stride`.
int64_t piece_blocks(const Segment& segment, const Batch& batch) {
  const int64_t turn = batch.bytes / batch.stride / (kTurns * batch.workers),
                bytes = std::clamp(turn, kLeastPieceBytes, kMostPieceBytes);
  return std::max(kFirstBlocks, bytes / segment.codes().block_bytes()) * batch.stride;
}

// The blocks of first ... last - 1 where rows may be found, and which rows.
void list_blocks(const SegmentView& view, int64_t first, int64_t last, int32_t stride,
                 std::vector<Block>& blocks) {
  blocks.clear();
  for (int64_t group = first; group < last; group += stride) {
    const int64_t number = stride == 1 ? group : sampled_block(group, stride);
    if (number >= last) break;
    const int64_t begin = number * kBlockRows,
                  rows = std::min<int64_t>(kBlockRows, view.segment->rows() - begin);
    uint32_t allowed = (1U << rows) - 1;
    if (view.allowed != nullptr) allowed &= static_cast<uint32_t>(view.allowed[begin / 64] >> (begin % 64));
    if (allowed != 0) blocks.push_back({static_cast<int32_t>(number), allowed});
  }
}

CodeView code_view(const Segment& segment, Similarity similarity, Place place) {
  const Codes& codes = segment.codes();
  const bool weighted = similarity == Similarity::kDot;
  return {.values = codes.values.data(),
          .block_bytes = codes.block_bytes(),
          .steps = static_cast<int32_t>(codes.steps()),
          .scale = codes.scale.data(),
          .error = codes.error.data(),
          .weight = weighted ? segment.weights() : nullptr,
          .place = place};
}

}  // namespace

void Scan::run(const Batch& batch, Hits& hits) {
  prepare(batch);
  parallel(batch.workers, [&](int64_t worker) { work(batch, workers_[worker]); });
  std::vector<Candidates>& best = workers_[0].candidates;
  parallel(batch.count, [&](int64_t q) {
    for (int32_t worker = 1; worker < batch.workers; ++worker) best[q].merge(workers_[worker].candidates[q]);
    best[q].settle(Scorer(queries_, static_cast<int32_t>(q), batch.views));
  });
  for (int32_t q = 0; q < batch.count; ++q) {
    best[q].append_to(hits, Scorer(queries_, q, batch.views));
  }
}

void Scan::prepare(const Batch& batch) {
  const int32_t dimension = batch.views[0].segment->dimension();
  // Few queries wait for memory anyway.
  const int32_t planes = batch.count * 2 <= batch.kernel.packing.columns ? 2 : 1;
  queries_.assign(batch.queries + batch.first * dimension, batch.count, dimension, batch.request.similarity,
                  planes, batch.kernel.packing, batch.kernel.arithmetic);
  bounds_.clear();
  for (const SegmentView& view : batch.views) {
    for (int32_t q = 0; q < batch.count; ++q) bounds_.push_back(queries_.bound(q, *view.segment));
  }
  while (static_cast<int32_t>(thresholds_.size()) < batch.count) thresholds_.emplace_back();
  for (int32_t q = 0; q < batch.count; ++q) {
    thresholds_[q].reset(batch.k(q) < batch.rows ? batch.k(q) : kAllRows, batch.minimum(q));
  }
  if (workers_.size() < static_cast<size_t>(batch.workers)) workers_.resize(batch.workers);
  for (int32_t w = 0; w < batch.workers; ++w) {
    workers_[w].step = kFirstBlocks;
    workers_[w].candidates.resize(batch.count);
    for (int32_t q = 0; q < batch.count; ++q) workers_[w].candidates[q].reset(batch.k(q), thresholds_[q]);
  }
  next_piece_ = 0;
}

void Scan::work(const Batch& batch, Worker& worker) {
  int64_t first_piece = 0;  // of the view
  int32_t view = 0;
  for (;;) {
    const int64_t piece = next_piece_.fetch_add(1, std::memory_order_relaxed);
    int64_t blocks, size;  // of the view, and of its pieces
    for (;; ++view) {
      if (view == static_cast<int32_t>(batch.views.size())) return;
      const Segment& segment = *batch.views[view].segment;
      blocks = segment.codes().blocks();
      size = piece_blocks(segment, batch);
      const int64_t pieces = divide_up(blocks, size);
      if (piece - first_piece < pieces) break;
      first_piece += pieces;
    }
    exit_gate::check_running();
    const int64_t begin = (piece - first_piece) * size;
    list_blocks(batch.views[view], begin, std::min(blocks, begin + size), batch.stride, worker.blocks);
    scan_blocks(batch, view, worker);
  }
}

void Scan::scan_blocks(const Batch& batch, int32_t view, Worker& worker) {
  const CodeView codes = code_view(*batch.views[view].segment, batch.request.similarity, batch.place());
  const auto size = static_cast<int64_t>(worker.blocks.size());
  const int64_t most = std::min(size, std::max(kFirstBlocks, kMostFound / kBlockRows / batch.count));
  worker.floors.resize(batch.count);
  worker.thresholds.assign(batch.count, std::numeric_limits<double>::quiet_NaN());
  worker.rows.resize(most * kBlockRows * batch.count);
  worker.products.resize(most * kBlockRows * batch.count);
  worker.runs.resize(most * batch.count);
  Found found{worker.rows.data(), worker.products.data(), worker.runs.data(), 0, 0};
  for (int64_t first = 0, count; first < size; first += count) {
    count = std::min({worker.step, most, size - first});
    worker.step = std::min(worker.step + worker.step / 2, kMostFound / kBlockRows);
    update_floors(batch, view, worker);
    batch.kernel.scan(codes, &worker.blocks[first], static_cast<int32_t>(count),
                      queries_.view(worker.floors.data()), found);
    collect(batch, view, found, worker);
  }
}

void Scan::update_floors(const Batch& batch, int32_t view, Worker& worker) {
  for (int32_t q = 0; q < batch.count; ++q) {
    const double threshold = thresholds_[q].value();
    if (worker.thresholds[q] == threshold) continue;
    worker.thresholds[q] = threshold;
    worker.floors[q] = bounds_[static_cast<int64_t>(view) * batch.count + q].floor(threshold);
  }
}

void Scan::collect(const Batch& batch, int32_t view, const Found& found, Worker& worker) {
  const Codes& codes = batch.views[view].segment->codes();
  const int32_t* row = found.rows;
  const float* product = found.products;
  for (const Found::Run* run = found.runs; run < found.runs + found.run_count; ++run) {
    Candidates& candidates = worker.candidates[run->query];
    const Bound& bound = bounds_[static_cast<int64_t>(view) * batch.count + run->query];
    Candidate block[kBlockRows];
    for (int32_t i = 0; i < run->count; ++i, ++row, ++product) {
      const Bound::Interval score =
          bound.score(*product, codes.error[*row], bound.weighted() ? codes.norm[*row] : 1);
      block[i] = {score.lower, score.upper, view, *row};
    }
    candidates.add({block, static_cast<size_t>(run->count)});
    candidates.shrink_when_full(Scorer(queries_, run->query, batch.views));
  }
}

int64_t Scan::bytes() const {
  const auto size = [](const auto& values) {
    return static_cast<int64_t>(values.capacity() * sizeof(values[0]));
  };
  int64_t bytes = size(bounds_) + queries_.bytes();
  for (const Threshold& threshold : thresholds_) bytes += sizeof(threshold) + threshold.bytes();
  for (const Worker& worker : workers_) {
    bytes += size(worker.floors) + size(worker.thresholds) + size(worker.blocks) + size(worker.rows) +
             size(worker.products) + size(worker.runs);
    for (const Candidates& candidates : worker.candidates) bytes += candidates.bytes();
  }
  return bytes;
}

}  // namespace clip4j::search
