#pragma once

#include <cstddef>
#include <cstdint>

// From a JPEG's coefficients to pixels, bit for bit as libjpeg does it with its accurate inverse DCT.
namespace clip4j::image {

// One set an instruction set; the scalar ones are the oracle.
struct JpegKernels {
  // 64 coefficients times their quantization steps, both row by row, to 8 x 8 samples, whose rows are
  // `stride` bytes apart. Products and sums beyond what a picture can hold wrap. Leaves zeros where the
  // coefficients were.
  void (*inverse_dct)(int16_t* coefficients, const int16_t* steps, uint8_t* out, ptrdiff_t stride);
  // A row of YCbCr (JFIF's full range) to RGB.
  void (*to_rgb)(const uint8_t* luma, const uint8_t* blue, const uint8_t* red, int width, uint8_t* rgb);
};

extern const JpegKernels kScalarJpeg;
#ifdef __x86_64__
extern const JpegKernels kAvx2Jpeg;
#endif

// The kernels for this machine.
const JpegKernels& jpeg_kernels();

}  // namespace clip4j::image
