#pragma once

#include "cuda/topk_rows.h"

namespace clip4j::cuda {

// The products of a scan by mma.m16n8k32, a warp at a time. It reads its part of the columns from shared
// memory, once for two blocks of rows.
template <int kTilesAtOnce, typename Machine>
class Mma {
 public:
  static constexpr int32_t kTiles = kTilesAtOnce;
  static constexpr int32_t kBlocks = 2;
  static constexpr bool kKeeps = false;
  using Sums = int32_t[kBlocks][kTiles][4];

  CLIP4J_KERNEL Mma(Machine& machine, void* columns)
      : machine_(machine), columns_(static_cast<QueryPart*>(columns)) {}

  // Part number `i` (see query_part) of the thread block's columns.
  CLIP4J_KERNEL void write(int32_t i, const QueryPart& part) { columns_[i] = part; }
  CLIP4J_KERNEL void written() {}

  CLIP4J_KERNEL void multiply(RowStream<kBlocks, Machine>& rows, int32_t chunks, Sums& sums) {
    machine_.reconverge();
    CLIP4J_UNROLL
    for (int32_t b = 0; b < kBlocks; ++b) {
      CLIP4J_UNROLL
      for (int32_t t = 0; t < kTiles; ++t) {
        CLIP4J_UNROLL
        for (int32_t i = 0; i < 4; ++i) sums[b][t][i] = 0;
      }
    }
    for (int32_t chunk = 0; chunk < chunks; ++chunk) {
      RowPart parts[kBlocks];
      rows.next(parts);
      CLIP4J_UNROLL
      for (int32_t t = 0; t < kTiles; ++t) {
        const QueryPart columns = columns_[query_part(t, chunk, machine_.thread() % kLanes, chunks)];
        CLIP4J_UNROLL
        for (int32_t b = 0; b < kBlocks; ++b) machine_.multiply(parts[b], columns, sums[b][t]);
      }
    }
  }

 private:
  Machine& machine_;
  QueryPart* const columns_;
};

}  // namespace clip4j::cuda
