#pragma once

#include <cstdint>
#include <memory>

#include "base/array.h"
#include "search/codes.h"

namespace clip4j::search {

// Where the float32 rows of a segment are: in memory, or in a file that is read (never mapped).
class RowSource {
 public:
  virtual ~RowSource() = default;
  // Row i: in memory, or read into `scratch` (room for a row). For any number of threads at once. Throws
  // Error.
  virtual const float* row(int64_t i, float* scratch) const = 0;
  // Row i will be asked for soon: rows far apart come one cache miss after another otherwise.
  virtual void expect(int64_t /*i*/) const {}
};

// Rows in memory that someone else owns.
class MemoryRows : public RowSource {
 public:
  // `rows`, row-major, must outlive it.
  MemoryRows(const float* rows, int32_t dimension) : rows_(rows), dimension_(dimension) {}
  const float* row(int64_t i, float*) const override { return rows_ + i * dimension_; }
  void expect(int64_t i) const override {
    constexpr int64_t line = 64 / sizeof(float);
    for (int64_t d = 0; d < dimension_; d += line) __builtin_prefetch(rows_ + i * dimension_ + d, 0, 2);
  }

 private:
  const float* rows_;
  int64_t dimension_;
};

// Some rows: their codes, and where they are themselves. Immutable, so any number of threads may search it at
// once.
class Segment {
 public:
  // The codes must be those of the rows.
  Segment(Codes codes, std::shared_ptr<const RowSource> rows);

  const Codes& codes() const { return codes_; }
  const RowSource& source() const { return *rows_; }
  int64_t rows() const { return codes_.rows; }
  int32_t dimension() const { return codes_.dimension; }
  // Native memory, without that of the row source.
  int64_t bytes() const;

  // The greatest norm of a row, and that divided by each row's ([blocks][16], finite): what a kernel
  // multiplies a threshold by to compare dot products.
  double greatest_norm() const { return greatest_norm_; }
  const float* weights() const { return weights_.data(); }

 private:
  Codes codes_;
  std::shared_ptr<const RowSource> rows_;
  double greatest_norm_ = 0;
  Array<float> weights_;
};

// A segment in one search.
struct SegmentView {
  const Segment* segment;
  // Bit r % 64 of word r / 64 says whether row r may be found; null for all rows. divide_up(rows, 64) words;
  // bits after the last row mean nothing.
  const uint64_t* allowed;
  // The number of its row 0 in hits. The numbers of different views must not overlap.
  int64_t first_row;
};

}  // namespace clip4j::search
