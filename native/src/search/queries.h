#pragma once

#include <cstdint>
#include <vector>

#include "search/bound.h"
#include "search/kernels/kernel.h"
#include "search/segment.h"

namespace clip4j::search {

// Some queries, quantised and packed. Reused, it takes no new memory.
class Queries {
 public:
  // `values`, finite and row-major, must outlive their use. Two planes make |residual| vanish and the scan
  // twice as long.
  void assign(const float* values, int32_t count, int32_t dimension, Similarity similarity, int32_t planes,
              const Packing& packing, const Arithmetic& arithmetic);

  int32_t count() const { return static_cast<int32_t>(codes_.size()); }
  QueryView view(const Floor* floors) const {
    return {packed_[0].bytes, start_.data(), floors, count(), planes_};
  }
  Bound bound(int32_t query, const Segment& segment) const;
  double norm(int32_t query) const { return codes_[query].norm; }

  // Native memory that it keeps for the next time.
  int64_t bytes() const;

  // The truth. `scratch` has room for a row.
  double score(int32_t query, const Segment& segment, int64_t row, float* scratch) const;

 private:
  struct alignas(64) Line {
    uint8_t bytes[64];
  };

  void quantise(int32_t query, uint8_t* pack, int32_t column, int32_t width);
  const float* values(int32_t query) const { return values_ + static_cast<int64_t>(query) * dimension_; }

  const float* values_;
  int32_t dimension_;
  int32_t planes_;
  Similarity similarity_;
  const Packing* packing_;
  const Arithmetic* arithmetic_;
  std::vector<QueryCodes> codes_;
  std::vector<int32_t> start_;
  std::vector<Line> packed_;
  std::vector<double> unit_;
  std::vector<int32_t> integers_;
  std::vector<int8_t> planes_of_one_[2];
};

}  // namespace clip4j::search
