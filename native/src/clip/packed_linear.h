#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "clip/buffer.h"
#include "clip/packed.h"
#include "clip/weights.h"

namespace clip4j {

// Calls body(index, thread) for 0 <= index < count, as torch::parallel_for does, or one after another on this thread.
using Loop = std::function<void(int64_t count, const std::function<void(int64_t index, int64_t thread)>& body)>;

// Room for rows of 8-bit or 16-bit values.
class PackedRows {
 public:
  // So many rows of `width` values, of whatever was there before.
  packed::Rows rows(packed::Element element, int64_t count, int64_t width);

 private:
  Buffer values_, scale_, zero_;
};

// y = x W^T + b with weights of 8 or 16 bits, and x of the same kind. Else like Linear (clip/layers.h).
class PackedLinear {
 public:
  PackedLinear(packed::Element element, int64_t outputs, int64_t inputs);
  PackedLinear(const PackedLinear&) = delete;
  PackedLinear& operator=(const PackedLinear&) = delete;

  // One prefix a part, top to bottom: PREFIX.weight and PREFIX.bias.
  void declare(Weights& weights, const std::vector<std::string>& prefixes);
  // PREFIX.weight alone, of a shape of as many values; and PREFIX.bias if it has one.
  void declare_shaped(Weights& weights, const std::string& prefix, std::vector<int64_t> weight_shape, bool bias);

  void run(const packed::Rows& x, const packed::Output& output, const Loop& loop) const;

 private:
  float* staging();
  void weight_placed(int64_t parts);
  void pack();

  const packed::Element element_;
  const int64_t outputs_, inputs_;
  const packed::Kernel& kernel_;
  Buffer staging_;  // the row-major weight, until all of its parts are there
  int64_t parts_placed_ = 0;
  Buffer values_, scale_, sum_, bias_;
};

}  // namespace clip4j
