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
  int64_t bytes() const { return linear_ ? linear_->bytes() : memory_->bytes() + packed_->bytes(); }
  int64_t scratch_bytes() const { return codes_.bytes(); }

 private:
  const int64_t hidden_, patch_size_, width_;
  const bool bias_;
  // One of the two.
  std::optional<Linear> linear_;
  std::optional<PackedMemory> memory_;
  std::optional<PackedLinear> packed_;
  const packed::Kernel& kernel_;
  mutable PackedRows codes_;
};

}  // namespace clip4j
