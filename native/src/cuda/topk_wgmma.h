#pragma once

#include "cuda/topk_rows.h"

namespace clip4j::cuda {

// The products of a scan by wgmma.mma_async.m64nNk32, a warpgroup at a time. Each of its four warps has a
// block of rows in registers, whose layout is mma.m16n8k32's, and so is that of the sums of 8 columns. The
// tensor cores read the columns from shared memory, N = 256 of them while they multiply for 128 clocks: with
// what rows take that is 96 bytes a clock of 128 (N = 128 takes all of them).
//
// Two warpgroups of a thread block share the columns and meet nowhere: one selects while the other
// multiplies.
template <int kTilesAtOnce, typename Machine>
class Wgmma {
 public:
  static constexpr int32_t kTiles = kTilesAtOnce;
  static constexpr int32_t kBlocks = 1;
  // An append waits for memory, and with one warp that waits its warpgroup does.
  static constexpr bool kKeeps = true;
  using Sums = int32_t[kBlocks][kTiles][4];

  CLIP4J_KERNEL Wgmma(Machine& machine, void* columns)
      : machine_(machine), columns_(static_cast<uint32_t*>(columns)) {}

  // As Mma's, but the 32 values of 8 columns are two core matrices (8 columns x 16 bytes, one after another):
  // of word 0 of all lanes, and of word 1. That is [tile][chunk][word][lane].
  CLIP4J_KERNEL void write(int32_t i, const QueryPart& part) {
    uint32_t* to = columns_ + i / kLanes * kTileWords + i % kLanes;
    to[0] = part.words[0];
    to[kLanes] = part.words[1];
  }
  CLIP4J_KERNEL void written() { machine_.publish(); }

  CLIP4J_KERNEL void multiply(RowStream<kBlocks, Machine>& rows, int32_t chunks, Sums& sums) {
    machine_.reconverge();
    // The tensor cores still read one group's rows while the next one's are loaded. No product hangs on a
    // branch, else ptxas waits for each.
    RowPart first[kTogether][kBlocks], even[kTogether][kBlocks], odd[kTogether][kBlocks];
    int32_t chunk = 0;
    if constexpr (kTogether == 2) {
      if (chunks % 2 == 1) add<1>(rows, first, chunk++, chunks, sums[0]);
    }
    if (chunks % (2 * kTogether) >= kTogether) {
      add<kTogether>(rows, even, chunk, chunks, sums[0]);
      chunk += kTogether;
    }
    for (; chunk < chunks; chunk += 2 * kTogether) {
      add<kTogether>(rows, odd, chunk, chunks, sums[0]);
      add<kTogether>(rows, even, chunk + kTogether, chunks, sums[0]);
    }
    machine_.finish_products(sums[0]);
  }

 private:
  // Products of a group, where there are registers for it: what lies between two groups takes a warp longer
  // than one product, and while a warpgroup selects only the other fills the tensor cores.
  static constexpr int32_t kTogether = kTilesAtOnce == 32 ? 2 : 1;
  static constexpr int32_t kMatrixBytes = 128;                 // of a core matrix
  static constexpr int32_t kTileWords = kMatrixBytes / 4 * 2;  // of 8 columns and a chunk

  template <int kCount>
  CLIP4J_KERNEL void add(RowStream<kBlocks, Machine>& rows, RowPart (&parts)[kTogether][kBlocks],
                         int32_t chunk, int32_t chunks, int32_t (&sums)[kTiles][4]) {
    rows.template take<0>(parts[0]);
    if constexpr (kCount == 2) rows.template take<1>(parts[1]);
    if constexpr (kTogether == 1) rows.ask_for_more();  // later there would be too few registers
    machine_.begin_products();
    CLIP4J_UNROLL
    for (int32_t i = 0; i < kCount; ++i) {
      machine_.start_product(parts[i][0], matrix(chunk + i, chunks), sums, chunk + i > 0);
    }
    machine_.commit_products();
    if constexpr (kTogether == 2) {
      CLIP4J_UNROLL
      for (int32_t i = 0; i < kCount; ++i) rows.ask_for_more();
    }
    machine_.template wait_products<1>();
  }

  // A matrix descriptor (PTX ISA, "Matrix descriptor format") of all columns' values of a chunk: K-major, not
  // swizzled. The leading dimension's offset is from 16 values to the next 16, the stride's from 8 columns to
  // the next 8.
  CLIP4J_KERNEL uint64_t matrix(int32_t chunk, int32_t chunks) {
    const auto encoded = [](uint32_t bytes) { return static_cast<uint64_t>((bytes & 0x3ffff) >> 4); };
    return encoded(machine_.shared_address(columns_ + chunk * kTileWords)) | encoded(kMatrixBytes) << 16 |
           encoded(static_cast<uint32_t>(chunks) * kTileWords * 4) << 32;
  }

  Machine& machine_;
  uint32_t* const columns_;
};

}  // namespace clip4j::cuda
