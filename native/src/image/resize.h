#pragma once

#include "clip4j.h"
#include "image/pixels.h"
#include "image/resample.h"

namespace clip4j::image {

// One axis from the picture to the crop: `in` positions become `out`, of which `kept` from `first` on are
// wanted; they land at `at` of `size` positions.
struct Span {
  int64_t in;
  int64_t out;
  int64_t first;
  int64_t kept;
  int64_t at;
  int64_t size;
};

// What becomes of a picture.
struct Plan {
  Span rows, columns;
  // Which pass comes first is Pillow's choice, and shows in the rounding between the two: across the rows
  // when the height shrinks by more than twice what the width does.
  bool rows_first() const {
    const int64_t shrink = rows.in - rows.out;
    return shrink > 0 && shrink > 2 * (columns.in - columns.out);
  }
};
// Throws, naming the sizes, where they make no sense.
Plan plan(int width, int height, const clip4j_preprocessing& options);

Axis axis(Filter filter, const Span& span);

// The 8-bit picture that the model sees: resized as Pillow's Image.resize does it, every bit, then cropped to
// its centre as transformers' CLIPImageProcessor or as torchvision does (the fill colour where the crop is
// larger than the picture). Only what the crop keeps is computed.
Pixels resize_crop(const Pixels& picture, const clip4j_preprocessing& options);

}  // namespace clip4j::image
