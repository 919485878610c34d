#pragma once

#include <cstdint>
#include <optional>

#include "clip/layers.h"
#include "clip/packed_linear.h"
#include "clip4j.h"

namespace clip4j {

// The first layer of a vision tower: a convolution whose steps are as long as its patches, which is a product
// of matrices.
class PatchEmbedding {
 public:
  PatchEmbedding(const clip4j_config& config, clip4j_precision precision);

  void declare(Weights& weights);
  // patches [rows, patch width], row-major, borrowed -> [rows, hidden]
  torch::Tensor run(const float* patches, int64_t rows) const;
  int64_t bytes() const {
    return linear_ ? linear_->bytes() : packed_->memory.bytes() + packed_->linear.bytes();
  }
  int64_t scratch_bytes() const { return codes_.bytes(); }

 private:
  struct Packed {
    Packed(const packed::Kernel& kernel, int64_t hidden, int64_t width);

    const packed::Kernel& kernel;
    PackedMemory memory;
    PackedLinear linear;
  };

  const int64_t hidden_, patch_size_, width_;
  const bool bias_;
  // One of the two.
  std::optional<Linear> linear_;
  std::optional<Packed> packed_;
  mutable PackedRows codes_;  // the latter's
};

}  // namespace clip4j
