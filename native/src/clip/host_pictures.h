#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "clip/buffer_stock.h"
#include "clip/pictures.h"
#include "torch/place.h"

namespace clip4j {

// Patches in float32 at `place`: borrowed where that is none, the CPU's towers.
torch::Tensor placed(const float* patches, int64_t pictures, const clip4j_config& config,
                     const std::optional<torch::Place>& place);

// All of the preprocessing is the CPU's.
class HostPictures final : public Pictures {
 public:
  // Room for so many, in memory of the stock's. The others must outlive it.
  HostPictures(const clip4j_preprocessing& preprocessing, const clip4j_config& config,
               const std::optional<torch::Place>& place, BufferStock& stock, int64_t most);

  void read(int64_t i, const clip4j_image& picture) override;
  void keep(std::span<const int64_t> numbers) override;
  torch::Tensor patches(int64_t first, int64_t count) const override;

 private:
  float* of(int64_t i) const { return patches_.data() + i * width_; }

  const clip4j_preprocessing& preprocessing_;
  const clip4j_config& config_;
  const std::optional<torch::Place>& place_;
  const int64_t width_;  // of a picture's patches
  const BufferStock::Loan patches_;
};

}  // namespace clip4j
