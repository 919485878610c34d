#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "image/jpeg/frame.h"
#include "image/jpeg/kernels.h"
#include "image/pixels.h"

namespace clip4j::image {

// Where the coefficients of a block go, whose order in the file is along the diagonals, to and fro.
constexpr std::array<uint8_t, 64> kZigzag = [] {
  std::array<uint8_t, 64> places{};
  size_t next = 0;
  for (int diagonal = 0; diagonal < 15; ++diagonal) {
    for (int i = 0; i <= diagonal; ++i) {
      const int row = diagonal % 2 == 0 ? diagonal - i : i;
      const int column = diagonal - row;
      if (row < 8 && column < 8) places[next++] = static_cast<uint8_t>(8 * row + column);
    }
  }
  return places;
}();

// Of a block, row by row; what coefficients are multiplied by.
using JpegSteps = std::array<int16_t, 64>;

// The pixels of a sequential JPEG, made while its scan is walked through, so that its codes are read once.
// They are libjpeg's (the accurate inverse DCT, smooth upsampling), and in half its time: Bytedeco's OpenCV
// has it without its vector kernels.
class JpegPicture {
 public:
  // Whether it can make this one: a sequential picture in grey, or in three components with all the samples
  // in the first and in the other two as many or half, across or both ways. Others are OpenCV's.
  static bool makes(const JpegFrame& frame);

  // The steps of each component; they are copied. Three components are YCbCr.
  JpegPicture(const JpegFrame& frame, const std::vector<JpegSteps>& steps);

  // A block of a component at (x, y), counted in blocks. Leaves zeros where the coefficients were.
  void add_block(size_t component, int x, int y, int16_t* coefficients);
  // All blocks of the row `y` of units (MCUs) are there. Rows end from top to bottom.
  void finish_units(int y);
  // When all are there.
  Pixels take() { return std::move(pixels_); }

 private:
  // A component's samples, of which two rows of units are kept: row y is at y % rows.
  struct Plane {
    JpegSteps steps;
    int width;
    int height;
    int rows;
    ptrdiff_t stride;
    std::vector<uint8_t> samples;

    uint8_t* row(int y) { return samples.data() + stride * (y % rows); }
  };

  void finish_row(int y);
  const uint8_t* chroma(Plane& plane, int y, std::vector<uint8_t>& wide);

  const JpegKernels& kernels_ = jpeg_kernels();
  Pixels pixels_;
  int horizontal_;  // samples of the first component for one of the others
  int vertical_;
  int finished_ = 0;  // rows of pixels
  std::vector<Plane> planes_;
  std::vector<uint16_t> sums_;
  std::array<std::vector<uint8_t>, 2> wide_;  // a row of the others, as wide as the picture
};

}  // namespace clip4j::image
