#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "clip/weights.h"
#include "clip4j.h"
#include "torch/place.h"
#include "torch/tensor.h"

// The two towers of CLIP and of its relatives, in Hugging Face's naming. They compute on the lane only.
namespace clip4j {

class VisionTower {
 public:
  // With a place, by operations that run there (clip/device/towers.h); with none, by those of the CPU alone.
  static std::unique_ptr<VisionTower> make(const clip4j_config& config, clip4j_precision precision,
                                           const std::optional<torch::Place>& place);
  virtual ~VisionTower() = default;

  virtual void declare(Weights& weights) = 0;
  // patches [pictures x patches, patch width], where the tower computes and in its type -> [at least
  // pictures, projection_dim], not yet unit length, float32 on the CPU.
  virtual torch::Tensor run(torch::Tensor patches, int64_t pictures) const = 0;
  virtual int64_t bytes() const = 0;
  virtual int64_t scratch_bytes() const = 0;
  // What multiplies its matrices.
  virtual const char* kernel() const = 0;

 protected:
  VisionTower() = default;
  VisionTower(const VisionTower&) = delete;
  VisionTower& operator=(const VisionTower&) = delete;
};

class TextTower {
 public:
  static std::unique_ptr<TextTower> make(const clip4j_config& config, clip4j_precision precision,
                                         const std::optional<torch::Place>& place);
  virtual ~TextTower() = default;

  virtual void declare(Weights& weights) = 0;
  // Each text is read at the last of its ids, the first, or all. -> [at least texts, projection_dim], not yet
  // unit length, float32 on the CPU.
  virtual torch::Tensor run(std::span<const std::span<const int32_t>> texts) const = 0;
  virtual int64_t bytes() const = 0;
  virtual int64_t scratch_bytes() const = 0;

 protected:
  TextTower() = default;
  TextTower(const TextTower&) = delete;
  TextTower& operator=(const TextTower&) = delete;
};

}  // namespace clip4j
