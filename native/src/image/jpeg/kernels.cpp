#include "image/jpeg/kernels.h"

#include <algorithm>

#include "base/cpu.h"
#include "image/jpeg/dct.inl"

namespace clip4j::image {
namespace {

uint8_t clip8(int32_t value) { return static_cast<uint8_t>(std::clamp(value, 0, 255)); }

void inverse_dct(int16_t* coefficients, const int16_t* steps, uint8_t* out, ptrdiff_t stride) {
  uint32_t columns[8][8];
  for (int x = 0; x < 8; ++x) {
    uint32_t v[8];
    for (int y = 0; y < 8; ++y) {
      v[y] = static_cast<uint32_t>(static_cast<int16_t>(coefficients[8 * y + x] * steps[8 * y + x]));
    }
    inverse_dct_1d(v, kColumnRounding);
    for (int y = 0; y < 8; ++y)
      columns[y][x] = static_cast<uint32_t>(static_cast<int32_t>(v[y]) >> kColumnShift);
  }
  std::fill_n(coefficients, 64, int16_t{0});
  for (int y = 0; y < 8; ++y) {
    inverse_dct_1d(columns[y], kRowRounding);
    for (int x = 0; x < 8; ++x) out[y * stride + x] = clip8(static_cast<int32_t>(columns[y][x]) >> kRowShift);
  }
}

// JFIF's factors in 16 bits of fraction: 1.402, 0.71414, 0.34414, 1.772.
void to_rgb(const uint8_t* luma, const uint8_t* blue, const uint8_t* red, int width, uint8_t* rgb) {
  constexpr int32_t kHalf = 1 << 15;
  for (int i = 0; i < width; ++i, rgb += 3) {
    const int32_t cb = blue[i] - 128;
    const int32_t cr = red[i] - 128;
    rgb[0] = clip8(luma[i] + ((91881 * cr + kHalf) >> 16));
    rgb[1] = clip8(luma[i] + ((-22554 * cb - 46802 * cr + kHalf) >> 16));
    rgb[2] = clip8(luma[i] + ((116130 * cb + kHalf) >> 16));
  }
}

}  // namespace

const JpegKernels kScalarJpeg = {inverse_dct, to_rgb};

const JpegKernels& jpeg_kernels() {
#ifdef __x86_64__
  if (instruction_set() >= InstructionSet::kAvx2) return kAvx2Jpeg;
#endif
  return kScalarJpeg;
}

}  // namespace clip4j::image
