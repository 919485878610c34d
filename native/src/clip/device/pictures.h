#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "clip/pictures.h"
#include "clip/pixel_blocks.h"
#include "image/gpu_plan.h"
#include "image/pixels.h"
#include "torch/place.h"

namespace clip4j {

// The CPU decodes, and a device resizes, crops, normalises and lays out: decoded pixels go to the device in
// blocks while it encodes pictures before them, and one kernel makes the patches of a batch, in the tower's
// type. The same bits as HostPictures makes.
//
// The CPU also resizes and crops what the kernel is not made for (GpuPlan::make), and pictures that no block
// has room for.
class DevicePictures final : public Pictures {
 public:
  // Room for so many. The others must outlive it.
  DevicePictures(PixelBlocks& blocks, const clip4j_preprocessing& preprocessing, const clip4j_config& config,
                 const torch::Place& place, int64_t most);

  void read(int64_t i, const clip4j_image& picture) override;
  // Begins to copy them.
  void keep(std::span<const int64_t> numbers) override;
  torch::Tensor patches(int64_t first, int64_t count) const override;

 private:
  // The numbers of its plan and its pixels: where the device will have them, or else here.
  struct Staged {
    image::GpuPlan plan;
    const uint8_t* there;
    std::vector<uint8_t> here;
  };

  bool stage(int64_t i, image::GpuPlan plan, const image::Pixels& pixels, bool here_if_need_be);
  std::optional<PixelBlock::Bytes> take(int64_t bytes);

  PixelBlocks& blocks_;
  const clip4j_preprocessing& preprocessing_;
  const clip4j_config& config_;
  const torch::Place place_;
  std::vector<std::optional<Staged>> staged_;  // by the numbers that they were read under
  std::vector<int64_t> kept_;
  // While pictures are read. Also held while a block is lent: readers that wait then find room in that block
  // and take no other. So it comes before the lock of PixelBlocks, never after it.
  std::mutex mutex_;
  std::vector<PixelBlocks::Loan> lent_;
};

// Preprocesses a picture there and here; throws where that does not work or makes another result. On the
// lane.
void try_device_pictures(PixelBlocks& blocks, const clip4j_config& config, const torch::Place& place);

}  // namespace clip4j
