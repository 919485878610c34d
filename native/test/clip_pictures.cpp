// Pictures that a device preprocesses: the towers for devices, run on the CPU, and a library that emulates
// the kernel there. What comes out is what the CPU's own preprocessing makes, to the bit.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "api/model_handle.h"
#include "base/error.h"
#include "clip/config.h"
#include "clip/device_pictures.h"
#include "clip/device_towers.h"
#include "clip/host_pictures.h"
#include "clip_fixture.h"
#include "emulated_library.h"
#include "torch/aten.h"

namespace clip4j::test {
namespace {

using cuda::test::emulated_library;
using cuda::test::settings;

constexpr torch::Device kHere{torch::Device::kCpu};

// Pictures of several sizes, the pixels with them.
class Mixture {
 public:
  void add(int32_t width, int32_t height) {
    std::vector<uint8_t>& pixels =
        *pixels_.emplace_back(std::make_unique<std::vector<uint8_t>>(size_t{3} * width * height));
    for (uint8_t& value : pixels) value = static_cast<uint8_t>(random_());
    images_.push_back({pixels.data(), std::ssize(pixels), CLIP4J_RGB, width, height, 0});
  }
  void add_file(const char* name) {
    const std::string& path = *paths_.emplace_back(std::make_unique<std::string>(name));
    images_.push_back(
        {reinterpret_cast<const uint8_t*>(path.data()), std::ssize(path), CLIP4J_PATH, 0, 0, 0});
  }
  std::vector<clip4j_image>& images() { return images_; }

 private:
  std::mt19937 random_{23};
  std::vector<std::unique_ptr<std::vector<uint8_t>>> pixels_;
  std::vector<std::unique_ptr<std::string>> paths_;
  std::vector<clip4j_image> images_;
};

// Larger, smaller, as large, ribbons, one that goes across the rows first, and files.
Mixture mixture() {
  Mixture pictures;
  for (const auto& [width, height] :
       {std::pair{97, 61}, {31, 200}, {32, 32}, {20, 30}, {300, 41}, {45, 160}, {32, 40}}) {
    pictures.add(width, height);
  }
  pictures.add_file(TEST_DATA "/420.jpg");
  pictures.add_file(TEST_DATA "/rgba.png");
  return pictures;
}

clip4j_preprocessing resizing(int32_t mode, int32_t filter, int32_t side) {
  clip4j_preprocessing preprocessing = pixels_as_they_are(side);
  preprocessing.resize_mode = mode;
  preprocessing.resize_height = preprocessing.resize_width = side;
  preprocessing.resample = filter;
  preprocessing.fill = 0x102030;
  return preprocessing;
}

class ClipPictures : public ClipTest {
 protected:
  void SetUp() override { settings() = {}; }

  // Of all but the second; and as a batch that begins later.
  std::vector<std::vector<float>> patches(Pictures& pictures, const std::vector<clip4j_image>& images) {
    std::vector<int64_t> kept;
    for (int64_t i = 0; i < std::ssize(images); ++i) {
      pictures.read(i, images[static_cast<size_t>(i)]);
      if (i != 1) kept.push_back(i);
    }
    pictures.keep(kept);
    std::vector<std::vector<float>> made;
    for (const int64_t first : {0, 1}) {
      const torch::Tensor tensor = torch::aten::download(pictures.patches(first, std::ssize(kept) - first));
      made.emplace_back(tensor.data(), tensor.data() + tensor.sizes()[0] * tensor.sizes()[1]);
    }
    return made;
  }

  const clip4j_config config_ = small_config(CLIP4J_GELU, 45);
  const std::optional<torch::Place> place_ = device_place(kHere, CLIP4J_PRECISION_FP32);
};

TEST_F(ClipPictures, ArePreprocessedAsByTheCpu) {
  BufferStock stock;
  Mixture pictures = mixture();
  const int64_t count = std::ssize(pictures.images());
  for (const clip4j_precision precision :
       {CLIP4J_PRECISION_FP32, CLIP4J_PRECISION_BF16, CLIP4J_PRECISION_FP16}) {
    const std::optional<torch::Place> place = device_place(kHere, precision);
    for (const int32_t mode : {CLIP4J_NO_RESIZE, CLIP4J_SHORTER_SIDE, CLIP4J_EXACT, CLIP4J_FIT}) {
      for (const int32_t filter : {0, 3}) {
        const clip4j_preprocessing preprocessing = resizing(mode, filter, config_.image_size);
        HostPictures here(preprocessing, config_, place, stock, count);
        DevicePictures there(emulated_library(), preprocessing, config_, *place, count);
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
  clip4j_config config = config_;
  config.image_size = 45;
  Mixture pictures = mixture();
  const clip4j_preprocessing preprocessing = resizing(CLIP4J_SHORTER_SIDE, 3, 45);
  const int64_t count = std::ssize(pictures.images());
  HostPictures here(preprocessing, config, place_, stock, count);
  DevicePictures there(emulated_library(), preprocessing, config, *place_, count);
  EXPECT_EQ(patches(there, pictures.images()), patches(here, pictures.images()));
}

TEST_F(ClipPictures, GoTheCpusWayWhereTheyAreTooManyOrTooLarge) {
  BufferStock stock;
  const clip4j_preprocessing preprocessing = resizing(CLIP4J_SHORTER_SIDE, 3, config_.image_size);
  Mixture pictures = mixture();
  const int64_t count = std::ssize(pictures.images());
  HostPictures here(preprocessing, config_, place_, stock, count);
  DevicePictures few(emulated_library(), preprocessing, config_, *place_, count, 3 * 97 * 61);
  for (int again = 0; again < 2; ++again) {  // room for the next lot is counted anew
    settings().widest = 0;
    EXPECT_EQ(patches(few, pictures.images()), patches(here, pictures.images()));
    EXPECT_EQ(settings().widest, 97);
  }

  Mixture huge;
  huge.add(40, 40);
  huge.add(40, 40);
  huge.add(1600, 3100);
  const clip4j_preprocessing squash = resizing(CLIP4J_EXACT, 1, config_.image_size);
  HostPictures large_here(squash, config_, place_, stock, 3);
  DevicePictures large_there(emulated_library(), squash, config_, *place_, 3);
  settings().widest = 0;
  EXPECT_EQ(patches(large_there, huge.images()), patches(large_here, huge.images()));
  EXPECT_EQ(settings().widest, 40);
}

// A model whose towers are for a device, which is the CPU, through the ABI.
class ClipDevicePictures : public ClipPictures {
 protected:
  struct Outcome {
    std::vector<float> rows;
    std::vector<clip4j_outcome> outcomes;
  };

  std::unique_ptr<clip4j_model> model(clip4j_precision precision) const {
    auto made = std::make_unique<clip4j_model>(config_, 0, precision, kHere);
    read(made->model, weights_);
    return made;
  }

  Outcome embed(const clip4j_model& model, const std::vector<clip4j_image>& images) const {
    Outcome result{std::vector<float>(images.size() * static_cast<size_t>(config_.projection_dim)),
                   std::vector<clip4j_outcome>(images.size())};
    int32_t count = -1;
    clip4j_timings timings{-1, -1};
    EXPECT_EQ(clip4j_embed_images(&model, &preprocessing_, images.data(), static_cast<int32_t>(images.size()),
                                  result.rows.data(), &count, result.outcomes.data(), &timings),
              CLIP4J_OK)
        << clip4j_last_error();
    EXPECT_EQ(count, std::ranges::count(result.outcomes, CLIP4J_OK, &clip4j_outcome::status));
    EXPECT_GT(timings.preprocess_ms, 0);
    EXPECT_GT(timings.encode_ms, 0);
    return result;
  }

  static void expect_equal(const Outcome& made, const Outcome& expected) {
    EXPECT_EQ(made.rows, expected.rows);
    for (size_t i = 0; i < expected.outcomes.size(); ++i) {
      EXPECT_EQ(made.outcomes[i].status, expected.outcomes[i].status) << i;
      EXPECT_STREQ(made.outcomes[i].message, expected.outcomes[i].message) << i;
    }
  }

  const Checkpoint weights_ = random_checkpoint(config_, 7);
  const clip4j_preprocessing preprocessing_ = [this] {
    clip4j_preprocessing made = resizing(CLIP4J_FIT, 3, config_.image_size);
    made.max_pixels = 20000;
    return made;
  }();
};

TEST_F(ClipDevicePictures, HaveTheRowsAndFailuresOfTheCpus) {
  Mixture pictures = mixture();
  pictures.add_file("/no/such/file.png");
  pictures.add(1000, 30);  // more than allowed
  pictures.add(10000, 1);  // would have no height
  pictures.add_file(TEST_DATA "/pictures.tsv");
  while (pictures.images().size() < 530) {  // three chunks
    pictures.add(40 + static_cast<int32_t>(pictures.images().size() % 50), 37);
  }
  const auto made = model(CLIP4J_PRECISION_FP32);
  const Outcome expected = embed(*made, pictures.images());
  EXPECT_EQ(settings().preprocessed, 0);
  made->model.preprocess_on_gpu(emulated_library());
  settings().preprocessed = 0;
  expect_equal(embed(*made, pictures.images()), expected);
  EXPECT_EQ(settings().preprocessed, 526);
}

TEST_F(ClipDevicePictures, AreTriedInHalvesWhereMemoryIsShort) {
  Mixture pictures = mixture();
  const auto made = model(CLIP4J_PRECISION_FP32);
  const Outcome expected = embed(*made, pictures.images());
  made->model.preprocess_on_gpu(emulated_library());
  settings().fail_after = 0;
  const Outcome halved = embed(*made, pictures.images());
  EXPECT_EQ(made->model.times_halved(), 1);
  for (size_t i = 0; i < expected.rows.size(); ++i) ASSERT_NEAR(halved.rows[i], expected.rows[i], 1e-5) << i;
}

TEST_F(ClipDevicePictures, AreReadWhileOthersAreEncoded) {
  static std::atomic_ref<int32_t>* last = nullptr;
  static std::atomic<bool> was_read{false};
  cuda::Library library = emulated_library();
  library.preprocess = [](int32_t device, void* stream, const cuda::Preprocess* all, int32_t pictures,
                          int32_t value_bytes, int32_t shared_bytes) {
    for (int i = 0; last != nullptr && !was_read && i < 20000; ++i) {
      was_read = last->load() != CLIP4J_OK;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return emulated_library().preprocess(device, stream, all, pictures, value_bytes, shared_bytes);
  };
  const auto made = model(CLIP4J_PRECISION_FP32);
  made->model.preprocess_on_gpu(library);

  Mixture pictures;
  while (pictures.images().size() < 260) pictures.add(32, 32);
  pictures.add_file("/no/such/file.png");  // in the second chunk
  std::vector<clip4j_outcome> outcomes(261);
  std::vector<float> rows(261 * static_cast<size_t>(config_.projection_dim));
  std::atomic_ref status(outcomes[260].status);
  last = &status;
  int32_t count = 0;
  EXPECT_EQ(clip4j_embed_images(made.get(), &preprocessing_, pictures.images().data(), 261, rows.data(),
                                &count, outcomes.data(), nullptr),
            CLIP4J_OK);
  last = nullptr;
  EXPECT_EQ(count, 260);
  EXPECT_TRUE(was_read);
}

TEST_F(ClipDevicePictures, AreTheCpusWhereTheLibraryDoesNotWork) {
  const auto made = model(CLIP4J_PRECISION_BF16);
  cuda::Library wrong = emulated_library();
  wrong.preprocess = [](int32_t, void*, const cuda::Preprocess* all, int32_t, int32_t, int32_t) {
    *static_cast<uint16_t*>(all->results) = 0x7fff;
    return int32_t{CLIP4J_OK};
  };
  EXPECT_THROW(made->model.preprocess_on_gpu(wrong), Error);
  settings().fail_after = 0;
  EXPECT_THROW(made->model.preprocess_on_gpu(emulated_library()), Error);
  EXPECT_EQ(clip4j_model_preprocess_on_gpu(made.get(), "/no/such/library.so"), CLIP4J_MISSING);
  EXPECT_EQ(clip4j_model_preprocess_on_gpu(made.get(), nullptr), CLIP4J_INVALID_ARGUMENT);
  EXPECT_EQ(clip4j_model_preprocess_on_gpu(nullptr, EMULATED_GPU), CLIP4J_INVALID_ARGUMENT);
  Mixture pictures = mixture();
  embed(*made, pictures.images());
  EXPECT_EQ(settings().preprocessed, 0);

  const LoadedModel on_cpu(config_, weights_);
  EXPECT_EQ(clip4j_model_preprocess_on_gpu(on_cpu.get(), EMULATED_GPU), CLIP4J_INVALID_ARGUMENT);
}

TEST_F(ClipDevicePictures, UseALibraryByItsPath) {
  Mixture pictures = mixture();
  const auto made = model(CLIP4J_PRECISION_FP16);
  const Outcome expected = embed(*made, pictures.images());
  ASSERT_EQ(clip4j_model_preprocess_on_gpu(made.get(), EMULATED_GPU), CLIP4J_OK) << clip4j_last_error();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { expect_equal(embed(*made, pictures.images()), expected); });
  }
}

}  // namespace
}  // namespace clip4j::test
