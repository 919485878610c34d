#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "search/gpu/pieces.h"
#include "search/search.h"

namespace clip4j::search {

class GpuScan;

// Segments on a GPU. Immutable, so any number of threads may search it at once.
class GpuIndex {
 public:
  // More than this many hits a query are the CPU's to find.
  static constexpr int64_t kMostHits = 1024;

  // Copies all segments, which must outlive it, as the library must: codes, and the rows themselves as far as
  // `most_bytes` of the GPU's memory have room for them (negative: all that is free now but a tenth, and of
  // what codes leave of it, half for rows, for searches need memory too). Codes beyond that wait in pinned
  // memory of the CPU's. Many queries are multiplied by `instruction`, which the GPU must have. Throws
  // CLIP4J_UNSUPPORTED, CLIP4J_OUT_OF_MEMORY.
  GpuIndex(const cuda::Library& library, int32_t device, cuda::Instruction instruction, int32_t dimension,
           std::span<const SegmentView> segments, int64_t most_bytes);
  ~GpuIndex();

  // As search(), with the same result: the GPU finds the rows that the certificate leaves in doubt and scores
  // those that it has; the CPU scores the others and orders all. The segments must be those that were copied.
  // What the GPU is not made for is searched by the CPU: more than kMostHits a query, ranges, and a query
  // that leaves tens of thousands of rows in doubt.
  void search(std::span<const SegmentView> segments, const float* queries, int64_t query_count,
              const Request& request, const Kernel& kernel, Hits& hits) const;

  // What multiplies for many queries: rows may be too long for the fastest.
  cuda::Instruction instruction() const {
    return most_tiles_ < cuda::kLeastWgmmaTiles ? cuda::Instruction::kMma : instruction_;
  }
  int64_t resident_bytes() const;
  int64_t pinned_bytes() const;

 private:
  // A scan for one use at a time; there are a few, for a GPU does little more at once.
  class Lease;

  // Some queries of a search, and how many hits each wants; `hits` gets no offset 0.
  void search_batch(std::span<const SegmentView> segments, const float* queries, std::span<const int64_t> ks,
                    int64_t rows, const Request& request, const Kernel& kernel, Hits& hits) const;

  const cuda::Library& library_;
  const int32_t device_;
  const cuda::Instruction instruction_;
  const int32_t dimension_;
  std::vector<GpuPiece> pieces_;
  int32_t most_tiles_ = 0;  // of columns that fit into a thread block's memory

  mutable std::mutex mutex_;
  mutable std::condition_variable returned_;
  mutable std::vector<std::unique_ptr<GpuScan>> idle_;
  mutable int32_t made_ = 0;
};

}  // namespace clip4j::search
