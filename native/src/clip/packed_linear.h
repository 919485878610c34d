#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clip/buffer.h"
#include "clip/packed.h"
#include "clip/stacked_tensor.h"
#include "clip/team.h"
#include "clip/weights.h"

namespace clip4j {

// Room for rows of 8-bit or 16-bit values.
class PackedRows {
 public:
  // So many rows of `width` values, of whatever was there before.
  packed::Rows rows(packed::Element element, int64_t count, int64_t width);
  int64_t bytes() const { return values_.bytes() + scale_.bytes() + zero_.bytes(); }

 private:
  Buffer values_, scale_, zero_;
};

// Room for the weights of some layers beside each other, so that they share large pages.
class PackedMemory {
 public:
  explicit PackedMemory(int64_t floats);
  float* take(int64_t floats);
  int64_t bytes() const { return memory_.bytes(); }

 private:
  Buffer memory_;
  int64_t taken_ = 0;
};

// y = x W^T + b with weights of 8 or 16 bits, and x of the same kind. Else like Linear (clip/layers.h).
class PackedLinear {
 public:
  // What its weights take of a PackedMemory.
  static int64_t floats(packed::Element element, int64_t outputs, int64_t inputs);

  // The memory must outlive it.
  PackedLinear(const packed::Kernel& kernel, int64_t outputs, int64_t inputs, PackedMemory& memory);
  PackedLinear(const PackedLinear&) = delete;
  PackedLinear& operator=(const PackedLinear&) = delete;

  // One prefix a part, top to bottom: PREFIX.weight and PREFIX.bias.
  void declare(Weights& weights, const std::vector<std::string>& prefixes);
  // PREFIX.weight alone, of a shape of as many values; and PREFIX.bias if it has one.
  void declare_shaped(Weights& weights, const std::string& prefix, const std::vector<int64_t>& weight_shape,
                      bool bias);

  void run(const packed::Rows& x, const packed::Output& output, const Loop& loop) const;
  // Without what lies in the PackedMemory.
  int64_t bytes() const { return scale_.bytes() + sum_.bytes() + bias_.bytes(); }

 private:
  void declare_bias(Weights& weights, const std::vector<std::string>& prefixes);
  void pack(const Buffer& values);
  void pack_row(const float* from, int64_t output, const packed::Rows& coded);

  const packed::Kernel& kernel_;
  const int64_t outputs_, inputs_;
  StackedTensor weight_, stacked_bias_;
  uint8_t* const values_;
  Buffer scale_, sum_, bias_;
};

}  // namespace clip4j
