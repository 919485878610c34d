// Times what comes before the encoder, on one core, and prints a line for each step:
//
//     bench_preprocess [repeat=5] FILE...
//
// Reading and decoding to pixels, resizing and cropping as CLIP does it for 224, patches of 32. The median of
// all files and repetitions. CLIP4J_CPU chooses among the kernels.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "command_line.h"
#include "image/decode.h"
#include "image/normalize.h"
#include "image/resize.h"

namespace clip4j::bench {
namespace {

void print(const char* step, std::vector<double>& times) {
  std::ranges::sort(times);
  std::printf("%-10s median %.3f ms, least %.3f ms\n", step, times[times.size() / 2] * 1e3, times[0] * 1e3);
}

int main(int argc, char** argv) {
  std::vector<std::string> files;
  int repeat = 5;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("repeat=")) {
      repeat = std::stoi(argument.substr(7));
    } else {
      files.push_back(argument);
    }
  }
  if (files.empty() || repeat < 1) {
    std::fprintf(stderr, "bench_preprocess [repeat=5] FILE...\n");
    return 2;
  }
  clip4j_preprocessing options{};
  options.resize_mode = CLIP4J_SHORTER_SIDE;
  options.resample = 3;
  options.resize_height = options.crop_height = options.crop_width = 224;
  options.scale = 1.0F / 255;
  std::fill_n(options.mean, 3, 0.5F);
  std::fill_n(options.std, 3, 0.25F);
  options.background = -1;
  options.formats = 63;
  options.max_encoded_bytes = 100 << 20;
  options.max_pixels = 100'000'000;
  std::vector<float> patches(size_t{3} * 224 * 224);
  std::vector<double> decoding, resizing, normalizing, all;
  try {
    for (int turn = 0; turn <= repeat; ++turn) {
      for (const std::string& file : files) {
        const clip4j_image image{reinterpret_cast<const uint8_t*>(file.data()),
                                 static_cast<int64_t>(file.size()),
                                 CLIP4J_PATH,
                                 0,
                                 0,
                                 0};
        const double begin = seconds();
        const image::Pixels picture = image::decode(image, options);
        const double decoded = seconds();
        const image::Pixels crop = image::resize_crop(picture, options);
        const double resized = seconds();
        image::normalize_to_patches(crop, options, 32, patches.data());
        const double end = seconds();
        if (turn == 0) continue;  // reads the files into the system's cache
        decoding.push_back(decoded - begin);
        resizing.push_back(resized - decoded);
        normalizing.push_back(end - resized);
        all.push_back(end - begin);
      }
    }
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  print("decode", decoding);
  print("resize", resizing);
  print("normalize", normalizing);
  print("all", all);
  return 0;
}

}  // namespace
}  // namespace clip4j::bench

int main(int argc, char** argv) { return clip4j::bench::main(argc, argv); }
