// Pictures that a device preprocesses, which is the CPU, with a library that emulates the kernel there. What
// comes out is what the CPU's own preprocessing makes, to the bit.
#include <functional>
#include <iterator>
#include <optional>
#include <vector>

#include "base/error.h"
#include "clip/config.h"
#include "clip/device/pictures.h"
#include "clip/device/towers.h"
#include "clip/host_pictures.h"
#include "clip_gpu_fixture.h"
#include "emulated_library.h"
#include "torch/aten.h"

namespace clip4j::test {
namespace {

using cuda::test::emulated_library;
using cuda::test::settings;

constexpr int32_t kCpu = torch::Device::kCpu;

class ClipPictures : public ClipGpuTest {
 protected:
  // All but the second.
  static void read_some(Pictures& pictures, const std::vector<clip4j_image>& images) {
    std::vector<int64_t> kept;
    pictures.keep(kept);  // of the lot before
    for (int64_t i = 0; i < std::ssize(images); ++i) {
      pictures.read(i, images[static_cast<size_t>(i)]);
      if (i != 1) kept.push_back(i);
    }
    pictures.keep(kept);
  }
  // Of all of so many, and of a batch that begins later.
  static std::vector<std::vector<float>> patches_of_some(const Pictures& pictures, int64_t count) {
    std::vector<std::vector<float>> made;
    for (const int64_t first : {0, 1}) {
      const torch::Tensor tensor = torch::aten::download(pictures.patches(first, count - first));
      made.emplace_back(tensor.data(), tensor.data() + tensor.sizes()[0] * tensor.sizes()[1]);
    }
    return made;
  }
  static std::vector<std::vector<float>> patches(Pictures& pictures,
                                                 const std::vector<clip4j_image>& images) {
    read_some(pictures, images);
    return patches_of_some(pictures, std::ssize(images) - 1);
  }

  const clip4j_config config_ = small_config(CLIP4J_GELU, 45);
  const std::optional<torch::Place> place_ = device_place({kCpu}, CLIP4J_PRECISION_FP32);
};

TEST_F(ClipPictures, ArePreprocessedAsByTheCpu) {
  BufferStock stock;
  PixelBlocks blocks(emulated_library(), kCpu);
  Mixture pictures = mixture();
  const int64_t count = std::ssize(pictures.images());
  for (const clip4j_precision precision :
       {CLIP4J_PRECISION_FP32, CLIP4J_PRECISION_BF16, CLIP4J_PRECISION_FP16}) {
    const std::optional<torch::Place> place = device_place({kCpu}, precision);
    for (const int32_t mode : {CLIP4J_NO_RESIZE, CLIP4J_SHORTER_SIDE, CLIP4J_EXACT, CLIP4J_FIT}) {
      for (const int32_t filter : {0, 3}) {
        const clip4j_preprocessing preprocessing = resizing(mode, filter, config_.image_size);
        HostPictures here(preprocessing, config_, place, stock, count);
        DevicePictures there(blocks, preprocessing, config_, *place, count);
        settings().widest = 0;
        EXPECT_EQ(patches(there, pictures.images()), patches(here, pictures.images()))
            << "precision " << precision << ", mode " << mode << ", filter " << filter;
        EXPECT_EQ(settings().widest, filter == 0 ? config_.image_size : 300);
      }
    }
  }
}

TEST_F(ClipPictures, LeaveOutTheEdgeThatFillsNoPatch) {
  BufferStock stock;
  PixelBlocks blocks(emulated_library(), kCpu);
  clip4j_config config = config_;
  config.image_size = 45;
  Mixture pictures = mixture();
  const clip4j_preprocessing preprocessing = resizing(CLIP4J_SHORTER_SIDE, 3, 45);
  const int64_t count = std::ssize(pictures.images());
  HostPictures here(preprocessing, config, place_, stock, count);
  DevicePictures there(blocks, preprocessing, config, *place_, count);
  EXPECT_EQ(patches(there, pictures.images()), patches(here, pictures.images()));
}

TEST_F(ClipPictures, GoTheCpusWayWhereTheyAreTooManyOrTooLarge) {
  BufferStock stock;
  const clip4j_preprocessing preprocessing = resizing(CLIP4J_SHORTER_SIDE, 3, config_.image_size);
  Mixture pictures = mixture();
  const int64_t count = std::ssize(pictures.images());
  HostPictures here(preprocessing, config_, place_, stock, count);
  PixelBlocks two(emulated_library(), kCpu, 40 << 10, 2);
  DevicePictures few(two, preprocessing, config_, *place_, count);
  for (int again = 0; again < 2; ++again) {  // blocks are back for the next lot
    settings().widest = settings().uploaded = 0;
    EXPECT_EQ(patches(few, pictures.images()), patches(here, pictures.images()));
    EXPECT_EQ(settings().widest, 97);
    EXPECT_GT(settings().uploaded, 40 << 10);
  }
  EXPECT_EQ(two.bytes(), 2 * 2 * 40 << 10);

  Mixture huge;
  huge.add(40, 40);
  huge.add(40, 40);
  huge.add(1600, 3100);
  PixelBlocks blocks(emulated_library(), kCpu);
  const clip4j_preprocessing squash = resizing(CLIP4J_EXACT, 1, config_.image_size);
  HostPictures large_here(squash, config_, place_, stock, 3);
  DevicePictures large_there(blocks, squash, config_, *place_, 3);
  settings().widest = 0;
  EXPECT_EQ(patches(large_there, huge.images()), patches(large_here, huge.images()));
  EXPECT_EQ(settings().widest, 40);
}

TEST_F(ClipPictures, AreCopiedBeforeTheKernelReadsThem) {
  static bool hasty;
  hasty = false;
  cuda::Library library = emulated_library();
  library.precede = [](cuda::Stream* stream, void* other) {
    return hasty ? int32_t{CLIP4J_OK} : emulated_library().precede(stream, other);
  };
  PixelBlocks blocks(library, kCpu);
  const clip4j_preprocessing preprocessing = resizing(CLIP4J_NO_RESIZE, 3, config_.image_size);
  DevicePictures there(blocks, preprocessing, config_, *place_, 3);
  Mixture pictures, others;
  for (int i = 0; i < 3; ++i) pictures.add(32, 32);
  for (int i = 0; i < 6; ++i) others.add(32, 32);
  others.images().erase(others.images().begin(), others.images().begin() + 3);
  const auto made = patches(there, pictures.images());
  EXPECT_NE(patches(there, others.images()), made);
  EXPECT_EQ(patches(there, pictures.images()), made);
  hasty = true;  // now it reads what lay there before
  EXPECT_EQ(patches(there, others.images()), made);
}

TEST_F(ClipPictures, SurviveTheFailureOfAnyCall) {
  BufferStock stock;
  const clip4j_preprocessing preprocessing = resizing(CLIP4J_SHORTER_SIDE, 3, config_.image_size);
  Mixture pictures = mixture();
  const int64_t count = std::ssize(pictures.images());
  HostPictures here(preprocessing, config_, place_, stock, count);
  const auto expected = patches(here, pictures.images());
  int32_t calls = 0, failed = 0;
  const auto attempt = [&](const std::function<void()>& step) {
    try {
      step();
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), CLIP4J_OUT_OF_MEMORY);
      ++failed;
      step();
    }
  };
  for (bool all = false; !all; ++calls) {
    PixelBlocks blocks(emulated_library(), kCpu, 40 << 10, 3);
    DevicePictures there(blocks, preprocessing, config_, *place_, count);
    settings().fail_after = calls;
    std::vector<std::vector<float>> made;
    attempt([&] { read_some(there, pictures.images()); });
    attempt([&] { made = patches_of_some(there, count - 1); });
    EXPECT_EQ(made, expected) << calls;
    all = settings().fail_after >= 0;
    settings().fail_after = -1;
    EXPECT_EQ(patches(there, pictures.images()), expected) << calls;
  }
  EXPECT_GT(calls, 20);
  EXPECT_GT(failed, 10);  // without memory for a block nothing fails
}

}  // namespace
}  // namespace clip4j::test
