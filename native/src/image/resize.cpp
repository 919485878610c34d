#include "image/resize.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/exit_gate.h"
#include "image/resample.h"

namespace clip4j::image {
namespace {

// A result beyond this is a mistake (a resize without a crop of a picture like a ribbon), not an input for a model.
constexpr int64_t kMostPixels = int64_t{1} << 26;

enum ResizeMode { kNoResize = 0, kShorterSide = 1, kExact = 2 };

// One axis from the picture to the crop: `in` positions become `out`, of which `kept` from `first` on are wanted;
// they land at `at` of `size` positions.
struct Span {
  int64_t in;
  int64_t out;
  int64_t first;
  int64_t kept;
  int64_t at;
  int64_t size;
};

Span crop(int64_t in, int64_t out, int64_t size) {
  if (size == 0) return {in, out, 0, out, 0, out};
  const int64_t offset = (out - size) >> 1;  // rounds down, below zero too
  return {in, out, std::max<int64_t>(offset, 0), std::min(out, size), std::max<int64_t>(-offset, 0), size};
}

void check(const Pixels& picture, const clip4j_preprocessing& options) {
  if (picture.width < 1 || picture.height < 1) {
    fail(CLIP4J_INVALID_ARGUMENT, "a picture of ", picture.width, " x ", picture.height, " pixels");
  }
  if (options.resize_mode < kNoResize || options.resize_mode > kExact) {
    fail(CLIP4J_INVALID_ARGUMENT, "resize_mode ", options.resize_mode, " is not 0, 1 or 2");
  }
  if (options.resample < 0 || options.resample > 5) {
    fail(CLIP4J_INVALID_ARGUMENT, "resample ", options.resample, " is not one of Pillow's filters, 0 to 5");
  }
  const bool bad_resize = options.resize_mode != kNoResize &&
                          (options.resize_height < 1 || options.resize_height > kLongestSide ||
                           (options.resize_mode == kExact &&
                            (options.resize_width < 1 || options.resize_width > kLongestSide)));
  const bool bad_crop = options.crop_height < 0 || options.crop_height > kLongestSide || options.crop_width < 0 ||
                        options.crop_width > kLongestSide ||
                        (options.crop_height == 0) != (options.crop_width == 0);
  if (bad_resize || bad_crop) {
    fail(CLIP4J_INVALID_ARGUMENT, "cannot resize to ", options.resize_height, " x ", options.resize_width,
         " and crop to ", options.crop_height, " x ", options.crop_width);
  }
}

// Where Pillow's nearest neighbour (ImagingScaleAffine) reads each kept output. It sums the steps up, so we do too.
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

void resample(const Pixels& picture, const Span& rows, const Span& columns, Filter filter, Pixels& result) {
  const ResampleKernels& kernels = resample_kernels();
  const Axis across(filter, static_cast<int>(columns.in), static_cast<int>(columns.out),
                    static_cast<int>(columns.first), static_cast<int>(columns.kept));
  const Axis down(filter, static_cast<int>(rows.in), static_cast<int>(rows.out), static_cast<int>(rows.first),
                  static_cast<int>(rows.kept));
  const int bytes = 3 * across.size();
  const size_t stride = (static_cast<size_t>(bytes) + kRowSlack - 1) / kRowSlack * kRowSlack;

  // Rows that are done along the row, as many as one output row needs; input row y lives in slot y % widest.
  std::vector<uint8_t> ring(stride * static_cast<size_t>(down.widest()));
  std::vector<const uint8_t*> taps(static_cast<size_t>(down.widest()));
  std::vector<uint8_t> output(stride);
  std::vector<uint8_t> last_row(3 * static_cast<size_t>(picture.width) + kRowSlack);
  const auto slot = [&](int y) { return ring.data() + stride * static_cast<size_t>(y % down.widest()); };

  const Taps column_taps = across.taps();
  const Taps row_taps = down.taps();
  int next = 0;
  for (int i = 0; i < down.size(); ++i) {
    exit_gate::check_running();
    for (next = std::max(next, down.first(i)); next < down.end(i); ++next) {
      // A vector kernel reads a little beyond a row's end: into the next row, or into this copy's slack.
      const uint8_t* row = picture.row(next);
      const int64_t behind = int64_t{3} * picture.width * (picture.height - 1 - next);
      if (behind < kRowSlack) {
        std::memcpy(last_row.data(), row, 3 * static_cast<size_t>(picture.width));
        row = last_row.data();
      }
      kernels.along_row(row, column_taps, slot(next));
    }
    for (int y = down.first(i); y < down.end(i); ++y) taps[static_cast<size_t>(y - down.first(i))] = slot(y);
    kernels.across_rows(taps.data(), row_taps, i, bytes, output.data());
    std::memcpy(result.row(static_cast<int>(rows.at) + i) + 3 * columns.at, output.data(),
                static_cast<size_t>(bytes));
  }
}

}  // namespace

Pixels resize_crop(const Pixels& picture, const clip4j_preprocessing& options) {
  check(picture, options);
  int64_t height = picture.height;
  int64_t width = picture.width;
  if (options.resize_mode == kExact) {
    height = options.resize_height;
    width = options.resize_width;
  } else if (options.resize_mode == kShorterSide) {
    const int64_t shorter = options.resize_height;
    if (height <= width) {
      width = shorter * width / height;
      height = shorter;
    } else {
      height = shorter * height / width;
      width = shorter;
    }
  }
  const Span rows = crop(picture.height, height, options.crop_height);
  const Span columns = crop(picture.width, width, options.crop_width);
  if (std::max(height, width) > INT32_MAX || rows.size > kLongestSide || columns.size > kLongestSide ||
      rows.size * columns.size > kMostPixels) {
    fail(CLIP4J_TOO_LARGE, picture.width, " x ", picture.height, " pixels would become ", width, " x ", height);
  }
  Pixels result{static_cast<int>(columns.size), static_cast<int>(rows.size),
                std::vector<uint8_t>(size_t{3} * static_cast<size_t>(rows.size * columns.size))};
  if (options.resample == 0) {
    pick_nearest(picture, rows, columns, result);
  } else {
    resample(picture, rows, columns, static_cast<Filter>(options.resample), result);
  }
  return result;
}

}  // namespace clip4j::image
