#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "clip_fixture.h"
#include "emulated_gpu_fixture.h"

namespace clip4j::test {

using ClipGpuTest = cuda::test::OnEmulatedGpu<ClipTest>;

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
inline Mixture mixture() {
  Mixture pictures;
  for (const auto& [width, height] :
       {std::pair{97, 61}, {31, 200}, {32, 32}, {20, 30}, {300, 41}, {45, 160}, {32, 40}}) {
    pictures.add(width, height);
  }
  pictures.add_file(TEST_DATA "/420.jpg");
  pictures.add_file(TEST_DATA "/rgba.png");
  return pictures;
}

inline clip4j_preprocessing resizing(int32_t mode, int32_t filter, int32_t side) {
  clip4j_preprocessing preprocessing = pixels_as_they_are(side);
  preprocessing.resize_mode = mode;
  preprocessing.resize_height = preprocessing.resize_width = side;
  preprocessing.resample = filter;
  preprocessing.fill = 0x102030;
  return preprocessing;
}

}  // namespace clip4j::test
