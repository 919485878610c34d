#include "clip/device/pictures.h"

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

DevicePictures::DevicePictures(PixelBlocks& blocks, const clip4j_preprocessing& preprocessing,
                               const clip4j_config& config, const torch::Place& place, int64_t most)
    : blocks_(blocks),
      preprocessing_(preprocessing),
      config_(config),
      place_(place),
      staged_(static_cast<size_t>(most)) {}

void DevicePictures::read(int64_t i, const clip4j_image& picture) {
  image::Pixels pixels = image::decode(picture, preprocessing_);
  if (auto plan = image::GpuPlan::make(pixels.width, pixels.height, preprocessing_)) {
    check_ends_at(plan->height(), plan->width(), config_);
    if (stage(i, *std::move(plan), pixels, /*here_if_need_be=*/false)) return;
  }
  pixels = image::resize_crop(pixels, preprocessing_);
  check_ends_at(pixels.height, pixels.width, config_);
  auto plan = image::GpuPlan::make(pixels.width, pixels.height, nothing_left(preprocessing_));
  stage(i, std::move(plan).value(), pixels, /*here_if_need_be=*/true);
}

bool DevicePictures::stage(int64_t i, image::GpuPlan plan, const image::Pixels& pixels,
                           bool here_if_need_be) {
  const int64_t numbers = bytes_of(plan.numbers()), size = numbers + std::ssize(pixels.rgb);
  const std::optional<PixelBlock::Bytes> taken = take(size);
  if (!taken && !here_if_need_be) return false;
  std::vector<uint8_t> here(taken ? 0 : static_cast<size_t>(size));
  uint8_t* to = taken ? taken->here : here.data();
  std::memcpy(to, plan.numbers().data(), static_cast<size_t>(numbers));
  std::memcpy(to + numbers, pixels.rgb.data(), pixels.rgb.size());
  staged_[static_cast<size_t>(i)] = {std::move(plan), taken ? taken->there : nullptr, std::move(here)};
  return true;
}

std::optional<PixelBlock::Bytes> DevicePictures::take(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!lent_.empty()) {
    if (const auto taken = lent_.back()->take(bytes)) return taken;
  }
  PixelBlocks::Loan block = blocks_.lend(bytes);
  if (!block) return std::nullopt;
  return lent_.emplace_back(std::move(block))->take(bytes);
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
  if (kept_.empty()) lent_.clear();
  for (const auto& block : lent_) block->upload();
}

// What a call here frees, libtorch's allocator gives to nothing that comes before the kernel in its stream.
Tensor DevicePictures::patches(int64_t first, int64_t count) const {
  const std::span numbers = std::span(kept_).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
  // What the device gets now: a table of the pictures, and those that are in no block.
  const int64_t table_bytes = count * static_cast<int64_t>(sizeof(cuda::Picture));
  int64_t size = cuda::aligned(table_bytes);
  for (const int64_t i : numbers) size += cuda::aligned(std::ssize(staged_[static_cast<size_t>(i)]->here));
  const Tensor here = Tensor::empty_staging(place_.device, std::array{size}, Type::kUInt8),
               there = Tensor::empty(std::array{size}, {place_.device, Type::kUInt8});
  auto *here_bytes = static_cast<uint8_t*>(here.address()),
       *there_bytes = static_cast<uint8_t*>(there.address());

  image::GpuBatch batch;
  int64_t at = cuda::aligned(table_bytes);
  for (const int64_t i : numbers) {
    const Staged& picture = *staged_[static_cast<size_t>(i)];
    const uint8_t* start = picture.there;
    if (start == nullptr) {
      std::ranges::copy(picture.here, here_bytes + at);
      start = there_bytes + at;
      at += cuda::aligned(std::ssize(picture.here));
    }
    batch.add(picture.plan, start + bytes_of(picture.plan.numbers()),
              reinterpret_cast<const int32_t*>(start));
  }
  std::memcpy(here_bytes, batch.pictures().data(), static_cast<size_t>(table_bytes));
  torch::aten::copy_into(here, there);
  const image::NormalizedValues normalized = image::normalized_values(preprocessing_);
  const Tensor values =
      torch::aten::upload(normalized[0].data(), std::array<int64_t, 2>{3, 256}, place_);  // in its type
  Tensor patches = Tensor::empty(std::array{count * patches_of(config_), patch_width(config_)}, place_);

  const cuda::Preprocess all =
      batch.all(reinterpret_cast<const cuda::Picture*>(there_bytes), values.address(), preprocessing_.fill,
                config_.patch_size, patches.address());
  const int32_t device = place_.device.cuda;
  void* stream = place_.device.is_cuda() ? torch::current_stream(device) : nullptr;
  for (const auto& block : lent_) block->precede(stream);
  const cuda::Library& library = blocks_.library();
  cuda::check(library, library.preprocess(device, stream, &all, static_cast<int32_t>(count),
                                          place_.type == Type::kFloat32 ? 4 : 2, batch.shared_bytes()));
  for (const auto& block : lent_) block->follow(stream);
  return patches;
}

void try_device_pictures(PixelBlocks& blocks, const clip4j_config& config, const torch::Place& place) {
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
  DevicePictures device(blocks, preprocessing, config, place, 1);
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
