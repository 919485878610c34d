#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clip/buffer.h"
#include "clip/kernels/packed.h"
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
  Array<uint8_t> values_;
  Buffer scale_;
  Array<int32_t> zero_;
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
  static int64_t floats(packed::Element element, int64_t outputs, int64_t inputs, int64_t heads = 1);

  // The memory must outlive it. With several heads, each part's outputs are theirs, one head after another,
  // and a head has panels of its own: so its query, key and value lie together.
  PackedLinear(const packed::Kernel& kernel, int64_t outputs, int64_t inputs, PackedMemory& memory,
               int64_t heads = 1);
  PackedLinear(const PackedLinear&) = delete;
  PackedLinear& operator=(const PackedLinear&) = delete;

  // One prefix a part, top to bottom: PREFIX.weight and PREFIX.bias.
  void declare(Weights& weights, const std::vector<std::string>& prefixes);
  // PREFIX.weight alone, of a shape of as many values; and PREFIX.bias if it has one.
  void declare_shaped(Weights& weights, const std::string& prefix, const std::vector<int64_t>& weight_shape,
                      bool bias);

  // All outputs of the only head.
  void run(const packed::Rows& x, const packed::Output& output, const Loop& loop) const;
  // One head's, on this thread.
  void run_head(const packed::Rows& x, int64_t head, const packed::Output& output) const;
  // Room for a head's outputs: its panels are whole.
  int64_t head_outputs() const { return head_panels_ * packed::kPanel; }
  // Without what lies in the PackedMemory.
  int64_t bytes() const { return scale_.bytes() + sum_.bytes() + bias_.bytes(); }

 private:
  void declare_bias(Weights& weights, const std::vector<std::string>& prefixes);
  // Where an output of so many parts lies among the panels.
  int64_t place(int64_t output, int64_t parts) const;
  void pack(const Buffer& weight, int64_t parts);
  void pack_row(const float* from, int64_t place, const packed::Rows& coded);
  packed::Weights weights(int64_t head) const;

  const packed::Kernel& kernel_;
  const int64_t outputs_, inputs_, heads_, head_panels_;
  StackedTensor weight_, stacked_bias_;
  uint8_t* const values_;
  Buffer scale_, bias_;
  Array<int32_t> sum_;
};

}  // namespace clip4j
