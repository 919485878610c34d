#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// Pillow's resampling (libImaging/Resample.c of Pillow 13) for 8-bit channels, bit for bit: weights in
// double, rounded to 22 bits of fraction, one pass along the rows and one across them, with 8 bits in
// between.
namespace clip4j::image {

// Fraction bits of a weight: 32 less 8 for the pixel and 2 for what negative lobes add.
constexpr int kWeightBits = 32 - 8 - 2;

// Weights are padded with zeros to a multiple of this, which is what a vector kernel takes at once.
constexpr int kTapGroup = 4;

// Pillow's numbers; 0, nearest, is no filter.
enum class Filter { kLanczos = 1, kBilinear = 2, kBicubic = 3, kBox = 4, kHamming = 5 };

// How each kept output of one axis is made from its inputs. Plain data: the vector kernels' files may share
// no inline function with files compiled for other CPUs.
struct Taps {
  int outputs;
  int stride;        // weights between one output's and the next one's; a multiple of kTapGroup
  const int* first;  // output i is made from inputs [first[i], first[i] + count[i])
  const int* count;
  const int32_t* weights;  // of output i at i * stride: count[i] weights, then zeros
  // The same as 16-bit halves, weight = high * 2^15 + low, for 16-bit multipliers: of output i at 2 * i *
  // stride; each group's lows, then its highs.
  const int16_t* halves;
};

// Owns the taps of one axis.
class Axis {
 public:
  // Resamples `in` positions to `out`, of which only [kept_first, kept_first + kept_count) are wanted.
  Axis(Filter filter, int in, int out, int kept_first, int kept_count);

  int size() const { return static_cast<int>(first_.size()); }
  int first(int i) const { return first_[static_cast<size_t>(i)]; }
  int end(int i) const { return first(i) + count_[static_cast<size_t>(i)]; }
  // The most inputs that one output needs.
  int widest() const { return widest_; }
  Taps taps() const {
    return {size(), stride_, first_.data(), count_.data(), weights_.data(), halves_.data()};
  }

 private:
  void keep_all(int kept_first);
  void weigh(Filter filter, int in, int out, int kept_first);
  void split_weights();

  std::vector<int> first_;
  std::vector<int> count_;
  std::vector<int32_t> weights_;
  std::vector<int16_t> halves_;
  int stride_ = 0;
  int widest_ = 0;
};

// Rows that are resampled together.
constexpr int kStrip = 16;

// The kernels, one set an instruction set; the scalar ones are the oracle.
struct ResampleKernels {
  // kStrip RGB rows. `scratch` has room for strip_scratch(columns) bytes.
  void (*along_rows)(const uint8_t* const* in, const Taps& columns, uint8_t* scratch, uint8_t* const* out);
  // out[i] for i in [0, bytes) from rows[t][i], t in [0, count[output]).
  void (*across_rows)(const uint8_t* const* rows, const Taps& axis, int output, int bytes, uint8_t* out);
};

// Two strips turned on their sides, what goes in and what comes out, and a pixel behind the former.
inline size_t strip_scratch(const Taps& columns) {
  const int last = columns.outputs - 1;
  const int in = columns.first[last] + columns.count[last] - columns.first[0];
  return size_t{3} * kStrip * static_cast<size_t>(in + 1 + columns.outputs);
}

extern const ResampleKernels kScalarResample;
#ifdef __x86_64__
extern const ResampleKernels kAvx2Resample;
#endif

// The kernels for this machine.
const ResampleKernels& resample_kernels();

}  // namespace clip4j::image
