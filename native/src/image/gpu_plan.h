#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "clip4j.h"
#include "cuda/preprocess.h"
#include "image/resize.h"

namespace clip4j::image {

// How a GPU resizes and crops a picture of some size: the same weights and the same order of passes as
// resize_crop().
class GpuPlan {
 public:
  // Throws as plan() does. None for what is left to the CPU: no filter at all, and pictures so large that not
  // even a row of a tile's pixels fits into a thread block's memory.
  static std::optional<GpuPlan> make(int width, int height, const clip4j_preprocessing& options);

  // Numbers that the GPU needs a copy of.
  const std::vector<int32_t>& numbers() const { return numbers_; }
  // The picture, where its pixels and the numbers have been copied to.
  cuda::Picture picture(const uint8_t* pixels, const int32_t* numbers) const;
  // Of a result.
  int32_t height() const { return static_cast<int32_t>(plan_.rows.size); }
  int32_t width() const { return static_cast<int32_t>(plan_.columns.size); }
  // The most rows of a tile that may be asked for, and the bytes of a thread block's memory that such a tile
  // takes.
  int32_t tile_rows() const { return tile_rows_; }
  int64_t shared_bytes(int32_t tile_rows) const;

 private:
  GpuPlan(int width, const Plan& plan, Filter filter);
  cuda::PixelAxis place(const Axis& axis, const Span& span, const int32_t* numbers, size_t offset) const;

  int width_;
  Plan plan_;
  Axis rows_, columns_;
  std::vector<int32_t> numbers_;
  size_t columns_at_;
  int32_t tile_rows_;
};

// Pictures that the kernel makes together; their results have one size.
class GpuBatch {
 public:
  // The plan is kept, and so must it be.
  void add(const GpuPlan& plan, const uint8_t* pixels, const int32_t* numbers);
  // What the GPU needs a copy of.
  const std::vector<cuda::Picture>& pictures() const { return pictures_; }
  // Where that copy, the values and the results are; `patch` as in cuda::Preprocess.
  cuda::Preprocess all(const cuda::Picture* pictures, const void* values, int32_t fill, int32_t patch,
                       void* results) const;
  // Of a thread block's memory.
  int32_t shared_bytes() const;

 private:
  std::vector<const GpuPlan*> plans_;
  std::vector<cuda::Picture> pictures_;
  int32_t tile_rows_ = cuda::kMostPixelTileRows;
};

}  // namespace clip4j::image
