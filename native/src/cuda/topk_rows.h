#pragma once

#include "cuda/topk.h"

// The rows of a scan as a warp goes through them. `Machine` as in topk_scan.h.
namespace clip4j::cuda {

// Where a warp is: at kBlocks blocks of a tile, tile after tile of those that are its thread block's.
template <int kBlocks>
class Walk {
 public:
  CLIP4J_KERNEL Walk(const Scan& scan, int32_t warp, int32_t first, int32_t workers)
      : scan_(scan), warp_(warp), workers_(workers), step_(first) {
    enter_tile();
  }

  CLIP4J_KERNEL bool done() const { return step_ >= scan_.tiles; }
  CLIP4J_KERNEL int64_t block() const { return block_; }
  CLIP4J_KERNEL void advance() {
    block_ += kBlocks;
    if (block_ % kWarpBlocks != 0) return;
    step_ += workers_;
    enter_tile();
  }

 private:
  CLIP4J_KERNEL void enter_tile() {
    const int64_t tile = (static_cast<int64_t>(scan_.first) + step_) * scan_.stride % scan_.all_tiles;
    block_ = (tile * kWarps + warp_) * kWarpBlocks;
  }

  const Scan& scan_;
  const int32_t warp_;
  const int32_t workers_;  // thread blocks that share the tiles
  int32_t step_;
  int64_t block_;
};

// A lane's parts of those rows, chunk after chunk, which are under way from memory long before they are asked
// for. A lane reads nothing but what it asked for itself, so nobody waits for others.
template <int kBlocks, typename Machine>
class RowStream {
 public:
  CLIP4J_KERNEL RowStream(const Scan& scan, Machine& machine, const Walk<kBlocks>& walk, RowPart* ring)
      : scan_(scan), machine_(machine), ahead_(walk), ring_(ring + machine.thread()) {
    enter();
  }

  CLIP4J_KERNEL void start() {
    CLIP4J_UNROLL
    for (uint32_t stage = 0; stage + 1 < kStages; ++stage) ask(stage);
  }

  CLIP4J_KERNEL void next(RowPart (&parts)[kBlocks]) {
    take<0>(parts);
    ask_for_more();
  }
  // The same in two steps, so that what multiplies the parts may begin before more is asked for. `kAhead`
  // stages have been taken since.
  template <int kAhead>
  CLIP4J_KERNEL void take(RowPart (&parts)[kBlocks]) {
    machine_.template wait<static_cast<int>(kStages) - 2 - kAhead>();
    CLIP4J_UNROLL
    for (int32_t b = 0; b < kBlocks; ++b) parts[b] = *slot(stage_, b);
    stage_ = (stage_ + 1) % kStages;
  }
  CLIP4J_KERNEL void ask_for_more() {
    ask(asked_);
    asked_ = (asked_ + 1) % kStages;
  }

 private:
  static constexpr uint32_t kStages = kRingParts / kBlocks;

  CLIP4J_KERNEL RowPart* slot(uint32_t stage, int32_t b) {
    return ring_ + (stage * kBlocks + static_cast<uint32_t>(b)) * kThreads;
  }

  CLIP4J_KERNEL void ask(uint32_t stage) {
    if (!ahead_.done()) {
      CLIP4J_UNROLL
      for (int32_t b = 0; b < kBlocks; ++b) {
        machine_.copy(slot(stage, b), from_ + static_cast<int64_t>(b) * scan_.chunks * kLanes);
      }
      from_ += kLanes;
      if (++chunk_ == scan_.chunks) {
        chunk_ = 0;
        ahead_.advance();
        enter();
      }
    }
    machine_.commit();
  }
  CLIP4J_KERNEL void enter() {
    from_ = scan_.rows.codes + row_part(ahead_.block(), 0, machine_.thread() % kLanes, scan_.chunks);
  }

  const Scan& scan_;
  Machine& machine_;
  Walk<kBlocks> ahead_;  // of what is asked for next
  RowPart* const ring_;
  const RowPart* from_;
  int32_t chunk_ = 0;  // that is asked for next
  uint32_t stage_ = 0, asked_ = kStages - 1;
};

}  // namespace clip4j::cuda
