#include "clip/host_pictures.h"

#include <algorithm>
#include <array>

#include "clip/config.h"
#include "image/decode.h"
#include "image/normalize.h"
#include "image/resize.h"
#include "torch/aten.h"

namespace clip4j {

torch::Tensor placed(const float* patches, int64_t pictures, const clip4j_config& config,
                     const std::optional<torch::Place>& place) {
  const std::array sizes{pictures * patches_of(config), patch_width(config)};
  return place ? torch::aten::upload(patches, sizes, *place)
               : torch::Tensor::from_blob(patches, sizes, torch::Type::kFloat32);
}

HostPictures::HostPictures(const clip4j_preprocessing& preprocessing, const clip4j_config& config,
                           const std::optional<torch::Place>& place, BufferStock& stock, int64_t most)
    : preprocessing_(preprocessing),
      config_(config),
      place_(place),
      width_(patches_of(config) * patch_width(config)),
      patches_(stock.lend(most * width_)) {}

void HostPictures::read(int64_t i, const clip4j_image& picture) {
  const image::Pixels crop = image::resize_crop(image::decode(picture, preprocessing_), preprocessing_);
  check_ends_at(crop.height, crop.width, config_);
  image::normalize_to_patches(crop, preprocessing_, config_.patch_size, of(i));
}

void HostPictures::keep(std::span<const int64_t> numbers) {
  int64_t kept = 0;
  for (const int64_t from : numbers) {
    if (from != kept) std::copy_n(of(from), width_, of(kept));
    ++kept;
  }
}

torch::Tensor HostPictures::patches(int64_t first, int64_t count) const {
  return placed(of(first), count, config_, place_);
}

}  // namespace clip4j
