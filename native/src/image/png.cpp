#include "image/png.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "base/exit_gate.h"
#include "image/blend.h"
#include "image/inflate.h"
#include "image/png_file.h"

namespace clip4j::image {
namespace {

uint8_t paeth(int left, int above, int corner) {
  const int to_left = std::abs(above - corner);
  const int to_above = std::abs(left - corner);
  const int to_corner = std::abs(left + above - 2 * corner);
  if (to_left <= to_above && to_left <= to_corner) return static_cast<uint8_t>(left);
  return static_cast<uint8_t>(to_above <= to_corner ? above : corner);
}

// Undoes a row's filter in place. `row` and `above` have kStep zero bytes in front; kStep, the bytes of a
// pixel, is a constant so that the pixel to the left stays in registers.
template <int kStep>
void unfilter(uint32_t filter, uint8_t* row, const uint8_t* above, size_t bytes) {
  const auto add = [&](auto&& predict) {
    for (size_t i = 0; i < bytes; ++i) row[i] = static_cast<uint8_t>(row[i] + predict(row + i, above + i));
  };
  switch (filter) {
    case 0:
      break;
    case 1:
      add([](const uint8_t* at, const uint8_t*) { return at[-kStep]; });
      break;
    case 2:
      add([](const uint8_t*, const uint8_t* up) { return *up; });
      break;
    case 3:
      add([](const uint8_t* at, const uint8_t* up) { return (at[-kStep] + *up) / 2; });
      break;
    case 4:
      add([](const uint8_t* at, const uint8_t* up) { return paeth(at[-kStep], *up, up[-kStep]); });
      break;
    default:
      fail(CLIP4J_CORRUPT, "the PNG is damaged: filter ", filter, " of a row");
  }
}

using Unfilter = void (*)(uint32_t, uint8_t*, const uint8_t*, size_t);

Unfilter unfilter_of(int step) {
  switch (step) {
    case 1:
      return unfilter<1>;
    case 2:
      return unfilter<2>;
    case 3:
      return unfilter<3>;
    case 4:
      return unfilter<4>;
    case 6:
      return unfilter<6>;
    default:
      return unfilter<8>;
  }
}

// Which pixels a pass of Adam7 interlacing holds.
struct Pass {
  int x;
  int y;
  int step_x;
  int step_y;
};
constexpr Pass kWhole = {0, 0, 1, 1};
constexpr Pass kAdam7[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                           {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};

class Decoder {
 public:
  Decoder(const PngFile& png, int32_t background)
      : png_(png),
        background_(background),
        samples_(png.samples()),
        step_(std::max(1, samples_ * png.depth / 8)),
        inflater_(png.data) {}

  Pixels run() {
    picture_ = {png_.width, png_.height, {}};
    picture_.rgb.resize(size_t{3} * static_cast<size_t>(png_.width) * static_cast<size_t>(png_.height));
    if (png_.interlaced) {
      for (const Pass& pass : kAdam7) decode(pass);
    } else {
      decode(kWhole);
    }
    return std::move(picture_);
  }

 private:
  void decode(const Pass& pass) {
    if (pass.x >= png_.width) return;
    const size_t width = static_cast<size_t>((png_.width - pass.x + pass.step_x - 1) / pass.step_x);
    const size_t bits = width * static_cast<size_t>(samples_ * png_.depth);
    const size_t bytes = (bits + 7) / 8;
    const size_t front = static_cast<size_t>(step_);
    std::vector<uint8_t> row(front + bytes);
    std::vector<uint8_t> above(front + bytes);
    const Unfilter unfilter = unfilter_of(step_);
    for (int y = pass.y; y < png_.height; y += pass.step_y) {
      exit_gate::check_running();
      uint8_t filter;
      inflater_.read(&filter, 1);
      inflater_.read(row.data() + front, bytes);
      unfilter(filter, row.data() + front, above.data() + front, bytes);
      write(row.data() + front, width, picture_.row(y) + 3 * pass.x, 3 * pass.step_x);
      row.swap(above);
    }
  }

  // One row's pixels to every `stride` bytes from `to` on.
  void write(const uint8_t* row, size_t width, uint8_t* to, int stride) const {
    switch (png_.color) {
      case PngFile::kGrey: {
        const int scale = png_.depth < 8 ? 255 / ((1 << png_.depth) - 1) : 1;
        for (size_t x = 0; x < width; ++x, to += stride) {
          std::fill_n(to, 3, static_cast<uint8_t>(index(row, x) * scale));
          if (is_transparent(row, x)) blend(to, 0, background_);
        }
        break;
      }
      case PngFile::kPalette:
        for (size_t x = 0; x < width; ++x, to += stride) {
          const size_t color = static_cast<size_t>(index(row, x));
          std::copy_n(png_.palette[color].begin(), 3, to);
          if (background_ >= 0) blend(to, png_.palette_alpha[color], background_);
        }
        break;
      case PngFile::kRgb:
        for (size_t x = 0; x < width; ++x, to += stride) {
          copy_color(row + x * static_cast<size_t>(step_), to);
          if (is_transparent(row, x)) blend(to, 0, background_);
        }
        break;
      case PngFile::kGreyAlpha:
        for (size_t x = 0; x < width; ++x, to += stride) {
          const uint8_t* pixel = row + x * static_cast<size_t>(step_);
          std::fill_n(to, 3, pixel[0]);
          if (background_ >= 0) blend(to, pixel[step_ / 2], background_);
        }
        break;
      case PngFile::kRgbAlpha:
        for (size_t x = 0; x < width; ++x, to += stride) {
          const uint8_t* pixel = row + x * static_cast<size_t>(step_);
          copy_color(pixel, to);
          if (background_ >= 0) blend(to, pixel[step_ / 4 * 3], background_);
        }
        break;
    }
  }

  // The only sample of a pixel: its upper 8 bits where it has 16.
  int index(const uint8_t* row, size_t x) const {
    if (png_.depth == 8) return row[x];
    if (png_.depth == 16) return row[2 * x];
    const size_t bit = x * static_cast<size_t>(png_.depth);
    return row[bit / 8] >> (8 - png_.depth - static_cast<int>(bit % 8)) & ((1 << png_.depth) - 1);
  }

  void copy_color(const uint8_t* pixel, uint8_t* to) const {
    const int bytes = png_.depth / 8;
    for (int c = 0; c < 3; ++c) to[c] = pixel[c * bytes];
  }

  bool is_transparent(const uint8_t* row, size_t x) const {
    if (background_ < 0 || !png_.transparent) return false;
    for (size_t c = 0; c < static_cast<size_t>(samples_); ++c) {
      const size_t at = x * static_cast<size_t>(samples_) + c;
      const int sample = png_.depth == 16 ? row[2 * at] << 8 | row[2 * at + 1] : index(row, at);
      if (sample != (*png_.transparent)[c]) return false;
    }
    return true;
  }

  const PngFile& png_;
  int32_t background_;
  int samples_;
  int step_;  // bytes of a pixel
  Inflater inflater_;
  Pixels picture_;
};

}  // namespace

Pixels decode_png(Bytes file, int32_t background) {
  const PngFile png = read_png_file(file);
  return Decoder(png, background).run();
}

}  // namespace clip4j::image
