// Models whose towers are for a device, which is the CPU, and a library that emulates the preprocessing
// there: through the ABI.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "api/clip/model_handle.h"
#include "base/error.h"
#include "clip_gpu_fixture.h"
#include "emulated_library.h"

namespace clip4j::test {
namespace {

using cuda::test::emulated_library;
using cuda::test::settings;

constexpr torch::Device kHere{torch::Device::kCpu};

class ClipDevicePictures : public ClipGpuTest {
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

  const clip4j_config config_ = small_config(CLIP4J_GELU, 45);
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
  settings().fail_after = 3;  // behind wait, upload and precede: the kernel
  const Outcome halved = embed(*made, pictures.images());
  EXPECT_EQ(made->model.times_halved(), 1);
  for (size_t i = 0; i < expected.rows.size(); ++i) ASSERT_NEAR(halved.rows[i], expected.rows[i], 1e-5) << i;
}

TEST_F(ClipDevicePictures, EndTheCallWhereTheyAreNotCopied) {
  Mixture pictures = mixture();
  const auto made = model(CLIP4J_PRECISION_FP32);
  const Outcome expected = embed(*made, pictures.images());
  made->model.preprocess_on_gpu(emulated_library());
  settings().fail_after = 1;  // behind wait: the copy
  Outcome failed = expected;
  int32_t count = -1;
  EXPECT_EQ(clip4j_embed_images(made.get(), &preprocessing_, pictures.images().data(),
                                static_cast<int32_t>(pictures.images().size()), failed.rows.data(), &count,
                                failed.outcomes.data(), nullptr),
            CLIP4J_OUT_OF_MEMORY);
  EXPECT_EQ(count, 0);
  expect_equal(embed(*made, pictures.images()), expected);
}

TEST_F(ClipDevicePictures, AreCopiedWhileOthersAreEncoded) {
  static std::atomic<int> copied;
  static std::atomic<bool> meanwhile;
  copied = 0;
  meanwhile = false;
  cuda::Library library = emulated_library();
  library.upload = [](cuda::Stream* stream, void* to, const void* from, int64_t bytes) {
    ++copied;
    return emulated_library().upload(stream, to, from, bytes);
  };
  library.preprocess = [](int32_t device, void* stream, const cuda::Preprocess* all, int32_t pictures,
                          int32_t value_bytes, int32_t shared_bytes) {
    if (pictures == 256) {  // the first chunk
      for (int i = 0; copied < 3 && i < 20000; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      meanwhile = copied == 3;
    }
    return emulated_library().preprocess(device, stream, all, pictures, value_bytes, shared_bytes);
  };
  const auto made = model(CLIP4J_PRECISION_FP32);
  made->model.preprocess_on_gpu(library);
  EXPECT_EQ(copied, 1);

  Mixture pictures;
  while (pictures.images().size() < 261) pictures.add(32, 32);
  embed(*made, pictures.images());
  EXPECT_EQ(copied, 3);
  EXPECT_TRUE(meanwhile);
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
