#include "image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/exit_gate.h"
#include "image/resample.h"

namespace clip4j::image {
namespace {

// A result beyond this is a mistake (a resize without a crop of a picture like a ribbon), not an input for a
// model.
constexpr int64_t kMostPixels = int64_t{1} << 26;

Span crop(int64_t in, int64_t out, int64_t size, int32_t rounding) {
  if (size == 0) return {in, out, 0, out, 0, out};
  const int64_t margin = out - size;
  int64_t offset = margin >> 1;  // rounds down, below zero too
  if (rounding == CLIP4J_ROUND_HALF_EVEN && margin % 2 != 0) {
    offset += margin < 0 ? 1 : offset % 2;  // where it pads, torchvision rounds towards zero
  }
  return {in, out, std::max<int64_t>(offset, 0), std::min(out, size), std::max<int64_t>(-offset, 0), size};
}

struct Size {
  int64_t height;
  int64_t width;
};

Size resized(int64_t width, int64_t height, const clip4j_preprocessing& options) {
  switch (options.resize_mode) {
    case CLIP4J_EXACT:
      return {options.resize_height, options.resize_width};
    case CLIP4J_SHORTER_SIDE: {
      const int64_t shorter = options.resize_height;
      if (height <= width) return {shorter, shorter * width / height};
      return {shorter * height / width, shorter};
    }
    case CLIP4J_FIT: {
      const auto rows = static_cast<double>(height);
      const auto columns = static_cast<double>(width);
      const double ratio = std::max(rows / options.resize_height, columns / options.resize_width);
      return {std::llrint(rows / ratio), std::llrint(columns / ratio)};
    }
    default:
      return {height, width};
  }
}

void check(int width, int height, const clip4j_preprocessing& options) {
  if (width < 1 || height < 1)
    fail(CLIP4J_INVALID_ARGUMENT, "a picture of ", width, " x ", height, " pixels");
  if (options.resize_mode < CLIP4J_NO_RESIZE || options.resize_mode > CLIP4J_FIT) {
    fail(CLIP4J_INVALID_ARGUMENT, "resize_mode ", options.resize_mode, " is not 0 to 3");
  }
  if (options.crop_rounding < CLIP4J_ROUND_DOWN || options.crop_rounding > CLIP4J_ROUND_HALF_EVEN) {
    fail(CLIP4J_INVALID_ARGUMENT, "crop_rounding ", options.crop_rounding, " is not 0 or 1");
  }
  if (options.fill < 0 || options.fill > 0xFFFFFF) {
    fail(CLIP4J_INVALID_ARGUMENT, "fill ", options.fill, " is not a colour 0xRRGGBB");
  }
  if (options.resample < 0 || options.resample > 5) {
    fail(CLIP4J_INVALID_ARGUMENT, "resample ", options.resample, " is not one of Pillow's filters, 0 to 5");
  }
  const bool bad_resize = options.resize_mode != CLIP4J_NO_RESIZE &&
                          (options.resize_height < 1 || options.resize_height > kLongestSide ||
                           (options.resize_mode != CLIP4J_SHORTER_SIDE &&
                            (options.resize_width < 1 || options.resize_width > kLongestSide)));
  const bool bad_crop = options.crop_height < 0 || options.crop_height > kLongestSide ||
                        options.crop_width < 0 || options.crop_width > kLongestSide ||
                        (options.crop_height == 0) != (options.crop_width == 0);
  if (bad_resize || bad_crop) {
    fail(CLIP4J_INVALID_ARGUMENT, "cannot resize to ", options.resize_height, " x ", options.resize_width,
         " and crop to ", options.crop_height, " x ", options.crop_width);
  }
}

void paint(Pixels& picture, int32_t color) {
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    for (size_t channel = 0; channel < 3; ++channel) {
      picture.rgb[i + channel] = static_cast<uint8_t>(color >> (16 - 8 * channel));
    }
  }
}

// Where Pillow's nearest neighbour (ImagingScaleAffine) reads each kept output. It sums the steps up, so we
// do too.
std::vector<int> nearest(const Span& span) {
  std::vector<int> sources(span.kept);
  const double step = static_cast<double>(span.in) / static_cast<double>(span.out);
  double position = step * 0.5;
  for (int64_t i = 0; i < span.first + span.kept; ++i, position += step) {
    if (i >= span.first) sources[i - span.first] = static_cast<int>(std::min<double>(position, span.in - 1));
  }
  return sources;
}

void pick_nearest(const Pixels& picture, const Span& rows, const Span& columns, Pixels& result) {
  const std::vector<int> ys = nearest(rows);
  const std::vector<int> xs = nearest(columns);
  for (size_t y = 0; y < ys.size(); ++y) {
    const uint8_t* from = picture.row(ys[y]);
    uint8_t* to = result.row(static_cast<int>(rows.at + static_cast<int64_t>(y))) + 3 * columns.at;
    for (const int x : xs) {
      std::memcpy(to, from + 3 * x, 3);
      to += 3;
    }
  }
}

class Resampler {
 public:
  Resampler(const Pixels& picture, const Span& rows, const Span& columns, Filter filter, Pixels& result)
      : picture_(picture),
        result_(result),
        top_(static_cast<int>(rows.at)),
        left_(static_cast<int>(columns.at)),
        columns_(axis(filter, columns)),
        rows_(axis(filter, rows)),
        sources_(static_cast<size_t>(rows_.widest())),
        scratch_(strip_scratch(columns_.taps())) {}

  void rows_first() {
    const int first = 3 * columns_.first(0);
    const int bytes = 3 * columns_.end(columns_.size() - 1) - first;
    const size_t width = size_t{3} * static_cast<size_t>(picture_.width);
    std::vector<uint8_t> strip(width * kStrip);
    const auto row = [&](int r) { return strip.data() + width * static_cast<size_t>(r); };
    for (int begin = 0; begin < rows_.size(); begin += kStrip) {
      exit_gate::check_running();
      const int count = std::min(kStrip, rows_.size() - begin);
      for (int r = 0; r < count; ++r) {
        const int i = begin + r;
        for (int y = rows_.first(i); y < rows_.end(i); ++y) source(i, y) = picture_.row(y) + first;
        kernels_.across_rows(sources_.data(), rows_.taps(), i, bytes, row(r) + first);
      }
      along_rows(count, row, [&](int r) { return output(begin + r); });
    }
  }

  // Keeps as many rows that are done along the row as one output row needs, and the rest of a strip; row y
  // lives in slot y % slots.
  void columns_first() {
    const size_t bytes = size_t{3} * static_cast<size_t>(columns_.size());
    const int slots = rows_.widest() + kStrip - 1;
    std::vector<uint8_t> ring(bytes * static_cast<size_t>(slots));
    const auto slot = [&](int y) { return ring.data() + bytes * static_cast<size_t>(y % slots); };
    int next = 0;
    for (int i = 0; i < rows_.size(); ++i) {
      exit_gate::check_running();
      for (next = std::max(next, rows_.first(i)); next < rows_.end(i);) {
        const int count = std::min(kStrip, picture_.height - next);
        along_rows(
            count, [&](int r) { return picture_.row(next + r); }, [&](int r) { return slot(next + r); });
        next += count;
      }
      for (int y = rows_.first(i); y < rows_.end(i); ++y) source(i, y) = slot(y);
      kernels_.across_rows(sources_.data(), rows_.taps(), i, static_cast<int>(bytes), output(i));
    }
  }

 private:
  const uint8_t*& source(int output, int y) { return sources_[static_cast<size_t>(y - rows_.first(output))]; }
  uint8_t* output(int i) { return result_.row(top_ + i) + 3 * left_; }

  // Where there are fewer rows than a strip has, the last one is done several times.
  template <typename In, typename Out>
  void along_rows(int count, In&& in, Out&& out) {
    const uint8_t* from[kStrip];
    uint8_t* to[kStrip];
    for (int r = 0; r < kStrip; ++r) {
      from[r] = in(std::min(r, count - 1));
      to[r] = out(std::min(r, count - 1));
    }
    kernels_.along_rows(from, columns_.taps(), scratch_.data(), to);
  }

  const Pixels& picture_;
  Pixels& result_;
  int top_;
  int left_;
  Axis columns_;
  Axis rows_;
  const ResampleKernels& kernels_ = resample_kernels();
  std::vector<const uint8_t*> sources_;  // the rows that the current output row is made from
  std::vector<uint8_t> scratch_;
};

}  // namespace

Axis axis(Filter filter, const Span& span) {
  return Axis(filter, static_cast<int>(span.in), static_cast<int>(span.out), static_cast<int>(span.first),
              static_cast<int>(span.kept));
}

Plan plan(int width, int height, const clip4j_preprocessing& options) {
  check(width, height, options);
  const auto [new_height, new_width] = resized(width, height, options);
  if (new_height < 1 || new_width < 1) {
    fail(CLIP4J_INVALID_ARGUMENT, width, " x ", height, " pixels would become ", new_width, " x ",
         new_height);
  }
  const Plan plan{crop(height, new_height, options.crop_height, options.crop_rounding),
                  crop(width, new_width, options.crop_width, options.crop_rounding)};
  if (std::max(new_height, new_width) > INT32_MAX || plan.rows.size > kLongestSide ||
      plan.columns.size > kLongestSide || plan.rows.size * plan.columns.size > kMostPixels) {
    fail(CLIP4J_TOO_LARGE, width, " x ", height, " pixels would become ", new_width, " x ", new_height);
  }
  return plan;
}

Pixels resize_crop(const Pixels& picture, const clip4j_preprocessing& options) {
  const Plan how = plan(picture.width, picture.height, options);
  const auto& [rows, columns] = how;
  Pixels result{static_cast<int>(columns.size), static_cast<int>(rows.size),
                std::vector<uint8_t>(size_t{3} * static_cast<size_t>(rows.size * columns.size))};
  if (rows.kept < rows.size || columns.kept < columns.size) paint(result, options.fill);
  if (options.resample == 0) {
    pick_nearest(picture, rows, columns, result);
  } else {
    Resampler resampler(picture, rows, columns, static_cast<Filter>(options.resample), result);
    how.rows_first() ? resampler.rows_first() : resampler.columns_first();
  }
  return result;
}

}  // namespace clip4j::image
