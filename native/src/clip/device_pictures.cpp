#include "clip/device_pictures.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "clip/config.h"
#include "clip/host_pictures.h"
#include "cuda/loader.h"
#include "image/decode.h"
#include "image/normalize.h"
#include "image/resize.h"
#include "torch/aten.h"
#include "torch/cuda.h"

namespace clip4j {
namespace {

using torch::Tensor;
using torch::Type;

constexpr int64_t kAlignment = 256;  // of a picture in the device's memory

int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

int64_t bytes_of(const std::vector<int32_t>& numbers) {
  return static_cast<int64_t>(numbers.size() * sizeof(int32_t));
}

// For a picture that has been resized and cropped.
clip4j_preprocessing nothing_left(clip4j_preprocessing preprocessing) {
  preprocessing.resize_mode = CLIP4J_NO_RESIZE;
  preprocessing.crop_height = preprocessing.crop_width = 0;
  preprocessing.resample = static_cast<int32_t>(image::Filter::kBox);  // not used where sizes stay
  return preprocessing;
}

}  // namespace

DevicePictures::DevicePictures(const cuda::Library& library, const clip4j_preprocessing& preprocessing,
                               const clip4j_config& config, const torch::Place& place, int64_t most,
                               int64_t most_bytes)
    : library_(library),
      preprocessing_(preprocessing),
      config_(config),
      place_(place),
      most_bytes_(most_bytes),
      staged_(static_cast<size_t>(most)) {}

bool DevicePictures::takes(const image::GpuPlan& plan, const image::Pixels& pixels) {
  check_ends_at(plan.height(), plan.width(), config_);
  const auto size = static_cast<int64_t>(pixels.rgb.size());
  if (bytes_.fetch_add(size) + size <= most_bytes_) return true;
  bytes_.fetch_sub(size);  // a smaller one may fit
  return false;
}

void DevicePictures::read(int64_t i, const clip4j_image& picture) {
  image::Pixels pixels = image::decode(picture, preprocessing_);
  auto plan = image::GpuPlan::make(pixels.width, pixels.height, preprocessing_);
  if (!plan || !takes(*plan, pixels)) {
    pixels = image::resize_crop(pixels, preprocessing_);
    check_ends_at(pixels.height, pixels.width, config_);
    plan = image::GpuPlan::make(pixels.width, pixels.height, nothing_left(preprocessing_));
  }
  staged_[static_cast<size_t>(i)] = staged(std::move(plan.value()), pixels);
}

DevicePictures::Staged DevicePictures::staged(image::GpuPlan plan, const image::Pixels& pixels) const {
  const int64_t numbers = bytes_of(plan.numbers()), size = numbers + static_cast<int64_t>(pixels.rgb.size());
  Tensor bytes = Tensor::empty_staging(place_.device, std::array{size}, Type::kUInt8);
  auto* to = static_cast<uint8_t*>(bytes.address());
  std::memcpy(to, plan.numbers().data(), static_cast<size_t>(numbers));
  std::memcpy(to + numbers, pixels.rgb.data(), pixels.rgb.size());
  return {std::move(plan), std::move(bytes), size};
}

void DevicePictures::keep(std::span<const int64_t> numbers) {
  kept_.assign(numbers.begin(), numbers.end());
  for (size_t i = 0, next = 0; i < staged_.size(); ++i) {
    if (next < kept_.size() && kept_[next] == static_cast<int64_t>(i)) {
      ++next;
    } else {
      staged_[i].reset();
    }
  }
  bytes_ = 0;  // of the next lot
}

// What a call here frees, libtorch's allocator gives to nothing that comes before the kernel in its stream.
Tensor DevicePictures::patches(int64_t first, int64_t count) const {
  const std::span numbers = std::span(kept_).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  int64_t size = 0;
  for (const int64_t i : numbers) size += aligned(staged_[static_cast<size_t>(i)]->size);
  const Tensor there = Tensor::empty(std::array{size}, {place_.device, Type::kUInt8});

  image::GpuBatch batch;
  int64_t at = 0;
  for (const int64_t i : numbers) {
    const Staged& picture = *staged_[static_cast<size_t>(i)];
    torch::aten::copy_into(picture.bytes, torch::aten::view(there, {picture.size}, {1}, at));
    const uint8_t* start = static_cast<const uint8_t*>(there.address()) + at;
    batch.add(picture.plan, start + bytes_of(picture.plan.numbers()),
              reinterpret_cast<const int32_t*>(start));
    at += aligned(picture.size);
  }
  const auto placed_bytes = static_cast<int64_t>(batch.pictures().size() * sizeof(cuda::Picture));
  const Tensor pictures = torch::aten::upload(reinterpret_cast<const uint8_t*>(batch.pictures().data()),
                                              std::array{placed_bytes}, place_.device);
  const image::NormalizedValues normalized = image::normalized_values(preprocessing_);
  const Tensor values =
      torch::aten::upload(normalized[0].data(), std::array<int64_t, 2>{3, 256}, place_);  // in its type
  Tensor patches = Tensor::empty(std::array{count * patches_of(config_), patch_width(config_)}, place_);

  const cuda::Preprocess all =
      batch.all(static_cast<const cuda::Picture*>(pictures.address()), values.address(), preprocessing_.fill,
                config_.patch_size, patches.address());
  const int32_t device = place_.device.cuda;
  void* stream = place_.device.is_cuda() ? torch::current_stream(device) : nullptr;
  cuda::check(library_, library_.preprocess(device, stream, &all, static_cast<int32_t>(count),
                                            place_.type == Type::kFloat32 ? 4 : 2, batch.shared_bytes()));
  return patches;
}

void try_device_pictures(const cuda::Library& library, const clip4j_config& config,
                         const torch::Place& place) {
  constexpr int32_t width = 61, height = 47;
  std::vector<uint8_t> pixels(size_t{3} * width * height);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * i >> 4);
  const clip4j_image picture{
      pixels.data(), static_cast<int64_t>(pixels.size()), CLIP4J_RGB, width, height, 0};
  clip4j_preprocessing preprocessing{};
  preprocessing.resize_mode = CLIP4J_EXACT;
  preprocessing.resize_height = preprocessing.resize_width = config.image_size;
  preprocessing.resample = static_cast<int32_t>(image::Filter::kBicubic);
  preprocessing.scale = 1 / 255.0F;
  std::ranges::fill(preprocessing.mean, 0.5F);
  std::ranges::fill(preprocessing.std, 0.25F);
  preprocessing.max_pixels = int64_t{width} * height;

  const std::optional<torch::Place> there = place;
  BufferStock stock;
  HostPictures here(preprocessing, config, there, stock, 1);
  DevicePictures device(library, preprocessing, config, place, 1);
  const auto patches = [&](Pictures& pictures) {
    constexpr std::array<int64_t, 1> first{0};
    pictures.read(0, picture);
    pictures.keep(first);
    return torch::aten::download(pictures.patches(0, 1));
  };
  const Tensor made = patches(device), expected = patches(here);  // so that nothing right lies there before
  const auto bytes = static_cast<size_t>(patches_of(config) * patch_width(config)) * sizeof(float);
  if (std::memcmp(expected.data(), made.data(), bytes) != 0) {
    fail(CLIP4J_UNSUPPORTED, "the device does not preprocess a picture as the CPU does");
  }
}

}  // namespace clip4j
