#include "image/gpu_plan.h"

#include <algorithm>

#include "base/error.h"

namespace clip4j::image {
namespace {

constexpr int64_t kSharedBytes = 48 << 10;  // what every GPU gives without being asked

Filter filter_of(const clip4j_preprocessing& options) {
  if (options.resample == 0) fail(CLIP4J_UNSUPPORTED, "nearest-neighbour resampling is the CPU's");
  return static_cast<Filter>(options.resample);
}

// first, count and weights of an axis, one after another.
void append(const Taps& taps, std::vector<int32_t>& to) {
  to.insert(to.end(), taps.first, taps.first + taps.outputs);
  to.insert(to.end(), taps.count, taps.count + taps.outputs);
  to.insert(to.end(), taps.weights, taps.weights + static_cast<ptrdiff_t>(taps.outputs) * taps.stride);
}

}  // namespace

GpuPlan::GpuPlan(int width, int height, const clip4j_preprocessing& options)
    : width_(width),
      plan_(plan(width, height, options)),
      rows_(axis(filter_of(options), plan_.rows)),
      columns_(axis(filter_of(options), plan_.columns)) {
  append(rows_.taps(), numbers_);
  columns_at_ = numbers_.size();
  append(columns_.taps(), numbers_);
  tile_rows_ = cuda::kMostPixelTileRows;
  while (tile_rows_ > 0 && shared_bytes(tile_rows_) > kSharedBytes) tile_rows_ /= 2;
  if (tile_rows_ == 0) {
    fail(CLIP4J_UNSUPPORTED, width, " x ", height, " pixels are resized to ", plan_.columns.out, " x ",
         plan_.rows.out, " by the CPU: they are too many for a GPU's tile");
  }
}

cuda::PixelAxis GpuPlan::place(const Axis& axis, const Span& span, const int32_t* numbers,
                               size_t offset) const {
  const Taps taps = axis.taps();
  const int32_t* first = numbers + offset;
  return {first,       first + taps.outputs, first + 2 * taps.outputs,
          taps.stride, taps.outputs,         static_cast<int32_t>(span.at)};
}

cuda::Picture GpuPlan::picture(const uint8_t* pixels, const int32_t* numbers) const {
  return {pixels, width_, plan_.rows_first(), place(rows_, plan_.rows, numbers, 0),
          place(columns_, plan_.columns, numbers, columns_at_)};
}

int64_t GpuPlan::shared_bytes(int32_t tile_rows) const {
  const cuda::Picture here = picture(nullptr, numbers_.data());
  int64_t most = 0;
  for (int32_t top = 0; top < height(); top += tile_rows) {
    const cuda::Outputs rows(here.rows, top, std::min(top + tile_rows, height()));
    for (int32_t left = 0; left < width(); left += cuda::kPixelTileColumns) {
      const cuda::Outputs columns(here.columns, left, std::min(left + cuda::kPixelTileColumns, width()));
      most = std::max(most, cuda::pixel_bytes(here, rows, columns));
    }
  }
  return most;
}

}  // namespace clip4j::image
