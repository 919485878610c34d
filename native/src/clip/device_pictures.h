#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "clip/pictures.h"
#include "cuda/library.h"
#include "image/gpu_plan.h"
#include "image/pixels.h"
#include "torch/place.h"

namespace clip4j {

// The CPU decodes, and a device resizes, crops, normalises and lays out: decoded pixels wait in memory that
// it copies from, and one kernel makes the patches of a batch, in the tower's type. The same bits as
// HostPictures makes.
//
// The CPU also resizes and crops what the kernel is not made for (GpuPlan::make), and pictures that would
// take more than `most_bytes` together with those before them.
class DevicePictures final : public Pictures {
 public:
  static constexpr int64_t kMostBytes = 256 << 20;  // 290 pictures of 640 x 480

  // Room for so many. The library, the preprocessing and the config must outlive it.
  DevicePictures(const cuda::Library& library, const clip4j_preprocessing& preprocessing,
                 const clip4j_config& config, const torch::Place& place, int64_t most,
                 int64_t most_bytes = kMostBytes);

  void read(int64_t i, const clip4j_image& picture) override;
  void keep(std::span<const int64_t> numbers) override;
  torch::Tensor patches(int64_t first, int64_t count) const override;

 private:
  // The numbers of its plan and its pixels, in memory that the device copies from.
  struct Staged {
    image::GpuPlan plan;
    torch::Tensor bytes;
    int64_t size;
  };

  bool takes(const image::GpuPlan& plan, const image::Pixels& pixels);
  Staged staged(image::GpuPlan plan, const image::Pixels& pixels) const;

  const cuda::Library& library_;
  const clip4j_preprocessing& preprocessing_;
  const clip4j_config& config_;
  const torch::Place place_;
  const int64_t most_bytes_;
  std::atomic<int64_t> bytes_{0};              // of pixels that the device resizes
  std::vector<std::optional<Staged>> staged_;  // by the numbers that they were read under
  std::vector<int64_t> kept_;
};

// Preprocesses a picture there and here; throws where that does not work or makes another result. On the
// lane.
void try_device_pictures(const cuda::Library& library, const clip4j_config& config,
                         const torch::Place& place);

}  // namespace clip4j
