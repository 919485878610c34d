// Times encodings of one model with random weights and prints a line:
//
//     bench_encode [model=b32|l14] [precision=fp32|bf16|int8] [what=images|texts] [batch=32] [tokens=15]
//     [repeat=11]
//
// Pictures are random patches: decoding and preprocessing are not in it. CLIP4J_CPU chooses among the
// kernels.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "clip/config.h"
#include "clip/host_pictures.h"
#include "clip/model.h"
#include "command_line.h"

namespace clip4j::bench {
namespace {

clip4j_config b32() {
  return {.vision = {768, 3072, 12, 12, CLIP4J_QUICK_GELU, 1e-5F, 0},
          .text = {512, 2048, 12, 8, CLIP4J_QUICK_GELU, 1e-5F, 0},
          .image_size = 224,
          .patch_size = 32,
          .vocabulary_size = 49408,
          .max_positions = 77,
          .end_of_text_id = 49407,
          .projection_dim = 512,
          .position_grid = 7,
          .position_filter = CLIP4J_BICUBIC,
          .text_projection_hidden = 0,
          .vision_pooling = CLIP4J_CLASS_TOKEN,
          .text_pooling = CLIP4J_END_OF_TEXT,
          .patch_bias = 0,
          .pre_norm = 1,
          .vision_projection = 1,
          .causal_text = 1,
          .text_bias = 0,
          .logit_bias = 0,
          .token_type = 0};
}

clip4j_config l14() {
  clip4j_config config = b32();
  config.vision = {1024, 4096, 24, 16, CLIP4J_QUICK_GELU, 1e-5F, 0};
  config.text = {768, 3072, 12, 12, CLIP4J_QUICK_GELU, 1e-5F, 0};
  config.patch_size = 14;
  config.position_grid = 16;
  config.projection_dim = 768;
  return config;
}

int main(int argc, char** argv) {
  Options given = options(argc, argv,
                          {{"model", "b32"},
                           {"precision", "int8"},
                           {"what", "images"},
                           {"batch", "32"},
                           {"tokens", "15"},
                           {"repeat", "11"}});
  const clip4j_config config = given["model"] == "l14" ? l14() : b32();
  const std::map<std::string, clip4j_precision> precisions{
      {"fp32", CLIP4J_PRECISION_FP32}, {"bf16", CLIP4J_PRECISION_BF16}, {"int8", CLIP4J_PRECISION_INT8}};
  Model model(config, 0, precisions.at(given["precision"]));
  // Every tensor is the same random numbers: the largest is the table of tokens.
  const std::string file = std::filesystem::temp_directory_path() / "bench_encode.f32";
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.02F);
  std::vector<float> values(static_cast<size_t>(config.vocabulary_size) * config.text.hidden_size);
  for (float& value : values) value = normal(random);
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(float)));
  double begin = seconds();
  for (const auto& [name, shape] : model.wanted()) model.read(name, file, 0, CLIP4J_F32, shape);
  model.finish();
  const double loading = seconds() - begin;
  std::filesystem::remove(file);

  const int64_t batch = std::stoll(given["batch"]);
  std::vector<float> rows(static_cast<size_t>(batch * config.projection_dim));
  std::vector<float> patches(static_cast<size_t>(batch * patches_of(config) * patch_width(config)));
  for (float& value : patches) value = 50 * normal(random);
  std::vector<int32_t> ids, lengths(static_cast<size_t>(batch), std::stoi(given["tokens"]));
  for (int64_t text = 0; text < batch; ++text) {
    for (int32_t i = 1; i < lengths[0]; ++i) ids.push_back(static_cast<int32_t>(random() % 49000));
    ids.push_back(config.end_of_text_id);
  }
  std::vector<double> times;
  for (int i = 0; i < std::stoi(given["repeat"]) + 2; ++i) {
    begin = seconds();
    if (given["what"] == "images") {
      const auto given_patches = [&](int64_t first, int64_t count) {
        return placed(patches.data() + first * patches_of(config) * patch_width(config), count, config,
                      model.place());
      };
      model.embed_pictures(batch, given_patches, rows.data())->wait();
    } else {
      model.embed_texts(ids.data(), lengths, rows.data());
    }
    times.push_back(seconds() - begin);
  }
  times.erase(times.begin(), times.begin() + 2);
  std::ranges::sort(times);
  const double median = times[times.size() / 2];
  std::printf("%s %s %s of %lld, by %s: median %.2f ms, least %.2f ms, %.1f a second; loaded in %.2f s\n",
              given["model"].c_str(), given["precision"].c_str(), given["what"].c_str(),
              static_cast<long long>(batch), model.kernel(), median * 1e3, times[0] * 1e3,
              static_cast<double>(batch) / median, loading);
  return 0;
}

}  // namespace
}  // namespace clip4j::bench

int main(int argc, char** argv) { return clip4j::bench::main(argc, argv); }
