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
    // The tensor cores still read the one while the other is loaded. No product hangs on a branch, else ptxas
    // waits for each.
    RowPart even[kBlocks], odd[kBlocks];
    int32_t chunk = chunks % 2;
    if (chunk == 1) add(rows, odd, 0, chunks, sums[0]);
    for (; chunk < chunks; chunk += 2) {
      add(rows, even, chunk, chunks, sums[0]);
      add(rows, odd, chunk + 1, chunks, sums[0]);
    }
    machine_.finish_products(sums[0]);
  }

 private:
  static constexpr int32_t kMatrixBytes = 128;                 // of a core matrix
  static constexpr int32_t kTileWords = kMatrixBytes / 4 * 2;  // of 8 columns and a chunk

  CLIP4J_KERNEL void add(RowStream<kBlocks, Machine>& rows, RowPart (&parts)[kBlocks], int32_t chunk,
                         int32_t chunks, int32_t (&sums)[kTiles][4]) {
    rows.next(parts);
    machine_.start_product(parts[0], matrix(chunk, chunks), sums, chunk > 0);
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
