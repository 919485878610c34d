#pragma once

#include <cstdint>

#include "base/host_device.h"
#include "image/fixed_point.h"

// Decoded pictures to what an encoder's first layer reads, in one pass over their pixels: Pillow's resampling
// in its 8-bit fixed point, the crop, the normalisation by a table, the layout. `Machine` as in topk_scan.h.
// Thread blocks make tiles of the results, with the pixels between the two passes in their fast memory.
namespace clip4j::cuda {

constexpr int32_t kPixelThreads = 256;
constexpr int32_t kPixelTileColumns = 32;
constexpr int32_t kMostPixelTileRows = 16;

// How an axis is resampled: image::Taps, on the GPU.
struct PixelAxis {
  const int32_t* first;
  const int32_t* count;
  const int32_t* weights;
  int32_t stride;  // of the weights
  int32_t kept;    // outputs that come from the picture,
  int32_t at;      // from here on; the others are filled

  CLIP4J_HD int32_t end(int32_t i) const { return first[i] + count[i]; }
};

struct Picture {
  const uint8_t* pixels;  // RGB, interleaved
  int32_t width;
  bool rows_first;
  PixelAxis rows, columns;
};

struct Preprocess {
  const Picture* pictures;
  const void* values;  // [3][256], of any type: what becomes of an 8-bit value
  uint8_t fill[3];
  int32_t height, width;  // of a result
  int32_t tile_rows;
  int32_t patch;  // side of a patch: results are [patch row][patch column][channel][y][x]; 0: [channel][y][x]
  void* results;  // of the values' type

  CLIP4J_HD int32_t patch_height() const { return patch == 0 ? height : patch; }
  CLIP4J_HD int32_t patch_width() const { return patch == 0 ? width : patch; }
  CLIP4J_HD int32_t tiles_across() const { return (width + kPixelTileColumns - 1) / kPixelTileColumns; }
  CLIP4J_HD int32_t tiles() const { return tiles_across() * ((height + tile_rows - 1) / tile_rows); }
};

// Outputs [begin, end) of an axis that a tile takes, of those that come from the picture.
struct Outputs {
  int32_t begin, end;
  CLIP4J_HD Outputs(const PixelAxis& axis, int32_t from, int32_t to)
      : begin(from - axis.at < 0 ? 0 : from - axis.at),
        end(to - axis.at < axis.kept ? to - axis.at : axis.kept) {}
  CLIP4J_HD bool empty() const { return begin >= end; }
  CLIP4J_HD int32_t count() const { return end - begin; }
  // Inputs that they are made of.
  CLIP4J_HD int32_t inputs(const PixelAxis& axis) const { return axis.end(end - 1) - axis.first[begin]; }
};

// Bytes between the two passes of a tile.
CLIP4J_HD inline int64_t pixel_bytes(const Picture& picture, const Outputs& rows, const Outputs& columns) {
  if (rows.empty() || columns.empty()) return 0;
  return int64_t{3} * (picture.rows_first ? int64_t{rows.count()} * columns.inputs(picture.columns)
                                          : int64_t{columns.count()} * rows.inputs(picture.rows));
}

template <typename Value, typename Machine>
class Preprocessor {
 public:
  CLIP4J_KERNEL Preprocessor(const Preprocess& all, Machine& machine)
      : all_(all),
        machine_(machine),
        number_(machine.block() / all.tiles()),
        picture_(all.pictures[number_]),
        top_(machine.block() % all.tiles() / all.tiles_across() * all.tile_rows),
        left_(machine.block() % all.tiles_across() * kPixelTileColumns),
        bottom_(top_ + all.tile_rows < all.height ? top_ + all.tile_rows : all.height),
        right_(left_ + kPixelTileColumns < all.width ? left_ + kPixelTileColumns : all.width),
        rows_(picture_.rows, top_, bottom_),
        columns_(picture_.columns, left_, right_),
        between_(machine.shared()) {}

  CLIP4J_KERNEL void run() {
    if (!rows_.empty() && !columns_.empty()) picture_.rows_first ? across_rows() : along_rows();
    machine_.sync();
    const int32_t width = right_ - left_, height = bottom_ - top_;
    for (int32_t i = machine_.thread(); i < 3 * height * width; i += kPixelThreads) {
      const int32_t channel = i / (height * width), y = i / width % height, x = i % width;
      write(channel, top_ + y, left_ + x);
    }
  }

 private:
  // First pass along the rows: [input row][output column][channel].
  CLIP4J_KERNEL void along_rows() {
    const PixelAxis& axis = picture_.columns;
    const int32_t first = picture_.rows.first[rows_.begin], values = 3 * columns_.count();
    for (int32_t i = machine_.thread(); i < rows_.inputs(picture_.rows) * values; i += kPixelThreads) {
      const int32_t output = columns_.begin + i % values / 3;
      const int64_t pixel = static_cast<int64_t>(first + i / values) * picture_.width + axis.first[output];
      between_[i] =
          image::weigh(picture_.pixels + 3 * pixel + i % 3, 3,
                       axis.weights + static_cast<int64_t>(output) * axis.stride, axis.count[output]);
    }
  }

  // First pass across the rows: [output row][input column][channel].
  CLIP4J_KERNEL void across_rows() {
    const PixelAxis& axis = picture_.rows;
    const int32_t first = picture_.columns.first[columns_.begin],
                  values = 3 * columns_.inputs(picture_.columns);
    for (int32_t i = machine_.thread(); i < rows_.count() * values; i += kPixelThreads) {
      const int32_t output = rows_.begin + i / values;
      const int64_t pixel = static_cast<int64_t>(axis.first[output]) * picture_.width + first;
      between_[i] =
          image::weigh(picture_.pixels + 3 * pixel + i % values, int64_t{3} * picture_.width,
                       axis.weights + static_cast<int64_t>(output) * axis.stride, axis.count[output]);
    }
  }

  CLIP4J_KERNEL uint8_t second_pass(int32_t channel, int32_t row, int32_t column) const {
    const PixelAxis& axis = picture_.rows_first ? picture_.columns : picture_.rows;
    const int32_t output = picture_.rows_first ? column : row;
    const int32_t* weights = axis.weights + static_cast<int64_t>(output) * axis.stride;
    if (picture_.rows_first) {
      const int32_t width = columns_.inputs(axis), from = axis.first[output] - axis.first[columns_.begin];
      return image::weigh(between_ + 3 * ((row - rows_.begin) * width + from) + channel, 3, weights,
                          axis.count[output]);
    }
    const int32_t width = columns_.count(), from = axis.first[output] - axis.first[rows_.begin];
    return image::weigh(between_ + 3 * (from * width + column - columns_.begin) + channel, int64_t{3} * width,
                        weights, axis.count[output]);
  }

  CLIP4J_KERNEL void write(int32_t channel, int32_t y, int32_t x) {
    const int32_t patches_down = all_.height / all_.patch_height(),
                  patches_across = all_.width / all_.patch_width();
    const int32_t patch_row = y / all_.patch_height(), patch_column = x / all_.patch_width();
    // What the right and lower edge have beyond whole patches is ignored.
    if (patch_row >= patches_down || patch_column >= patches_across) return;
    const int32_t row = y - picture_.rows.at, column = x - picture_.columns.at;
    const bool inside = row >= 0 && row < picture_.rows.kept && column >= 0 && column < picture_.columns.kept;
    const uint8_t value = inside ? second_pass(channel, row, column) : all_.fill[channel];
    const int64_t patch =
        (static_cast<int64_t>(number_) * patches_down + patch_row) * patches_across + patch_column;
    const int64_t at =
        ((patch * 3 + channel) * all_.patch_height() + y % all_.patch_height()) * all_.patch_width() +
        x % all_.patch_width();
    static_cast<Value*>(all_.results)[at] = static_cast<const Value*>(all_.values)[channel * 256 + value];
  }

  const Preprocess& all_;
  Machine& machine_;
  const int32_t number_;
  const Picture& picture_;
  const int32_t top_, left_, bottom_, right_;
  const Outputs rows_, columns_;
  uint8_t* const between_;
};

}  // namespace clip4j::cuda
