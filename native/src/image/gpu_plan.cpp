#include "image/gpu_plan.h"

#include <algorithm>

namespace clip4j::image {
namespace {

constexpr int64_t kSharedBytes = 48 << 10;  // what every GPU gives without being asked

// first, count and weights of an axis, one after another.
void append(const Taps& taps, std::vector<int32_t>& to) {
  to.insert(to.end(), taps.first, taps.first + taps.outputs);
  to.insert(to.end(), taps.count, taps.count + taps.outputs);
  to.insert(to.end(), taps.weights, taps.weights + static_cast<ptrdiff_t>(taps.outputs) * taps.stride);
}

}  // namespace

std::optional<GpuPlan> GpuPlan::make(int width, int height, const clip4j_preprocessing& options) {
  const Plan how = plan(width, height, options);
  if (options.resample == 0) return std::nullopt;
  GpuPlan made(width, how, static_cast<Filter>(options.resample));
  if (made.tile_rows_ == 0) return std::nullopt;
  return made;
}

GpuPlan::GpuPlan(int width, const Plan& plan, Filter filter)
    : width_(width), plan_(plan), rows_(axis(filter, plan.rows)), columns_(axis(filter, plan.columns)) {
  append(rows_.taps(), numbers_);
  columns_at_ = numbers_.size();
  append(columns_.taps(), numbers_);
  tile_rows_ = cuda::kMostPixelTileRows;
  while (tile_rows_ > 0 && shared_bytes(tile_rows_) > kSharedBytes) tile_rows_ /= 2;
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

void GpuBatch::add(const GpuPlan& plan, const uint8_t* pixels, const int32_t* numbers) {
  plans_.push_back(&plan);
  pictures_.push_back(plan.picture(pixels, numbers));
  tile_rows_ = std::min(tile_rows_, plan.tile_rows());
}

cuda::Preprocess GpuBatch::all(const cuda::Picture* pictures, const void* values, int32_t fill, int32_t patch,
                               void* results) const {
  const auto byte = [fill](int shift) { return static_cast<uint8_t>(fill >> shift); };
  return {pictures,
          values,
          {byte(16), byte(8), byte(0)},
          plans_.front()->height(),
          plans_.front()->width(),
          tile_rows_,
          patch,
          results};
}

int32_t GpuBatch::shared_bytes() const {
  int64_t most = 0;
  for (const GpuPlan* plan : plans_) most = std::max(most, plan->shared_bytes(tile_rows_));
  return static_cast<int32_t>(most);
}

}  // namespace clip4j::image
