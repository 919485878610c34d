#include "gpu_checks.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <exception>
#include <random>
#include <thread>
#include <vector>

#include "gpu_kernels.h"
#include "image/resize.h"
#include "search/parallel.h"

namespace clip4j::bench {
namespace {

using cuda::Instruction;
using search::Hits;
using search::Similarity;

constexpr int kMostFaults = 20;  // that are told
std::atomic<int> found{0};

std::string first_difference(const Hits& expected, const Hits& hits) {
  if (hits.row.size() != expected.row.size()) {
    return text(hits.row.size(), " hits, not ", expected.row.size());
  }
  int64_t wrong = 0, first = -1;
  for (int64_t i = 0; i < std::ssize(hits.row); ++i) {
    if (hits.row[i] == expected.row[i] && hits.score[i] == expected.score[i]) continue;
    if (wrong++ == 0) first = i;
  }
  if (first < 0) return "other offsets";
  return text(wrong, " hits of ", hits.row.size(), ", first number ", first, ": row ", hits.row[first],
              " of ", hits.score[first], ", not ", expected.row[first], " of ", expected.score[first]);
}

void check_search(const Corpus& corpus, int64_t count, int64_t k, Similarity similarity, const char* what) {
  const auto queries = random_rows(count, corpus.segment.dimension(), 2);
  Hits expected, hits;
  corpus.on_cpu(queries.data(), count, {.k = {&k, 1}, .similarity = similarity}, expected);
  corpus.on_gpu(queries.data(), count, {.k = {&k, 1}, .similarity = similarity}, hits);
  if (hits.offset == expected.offset && hits.row == expected.row && hits.score == expected.score) return;
  require(false,
          text(what, ", ", name(corpus.gpu.instruction()), ", dimension ", corpus.segment.dimension(), ", ",
               count, " queries, k ", k,
               similarity == Similarity::kDot ? ", dot: " : ", cosine: ", first_difference(expected, hits)));
}

clip4j_preprocessing clip_preprocessing() {
  clip4j_preprocessing options{};
  options.resize_mode = CLIP4J_SHORTER_SIDE;
  options.resize_height = options.crop_height = options.crop_width = 224;
  options.resample = 3;
  options.scale = 1 / 255.0F;
  const float mean[] = {0.48145466F, 0.4578275F, 0.40821073F},
              deviation[] = {0.26862954F, 0.26130258F, 0.27577711F};
  std::copy_n(mean, 3, options.mean);
  std::copy_n(deviation, 3, options.std);
  return options;
}

}  // namespace

const char* name(Instruction instruction) { return instruction == Instruction::kWgmma ? "wgmma" : "mma"; }

Array<float> random_rows(int64_t rows, int32_t dimension, uint64_t seed) {
  Array<float> values(rows * dimension);
  constexpr int64_t piece = 4096;
  search::parallel(search::divide_up(rows, piece), [&](int64_t p) {
    std::mt19937_64 random(seed * 1000003 + static_cast<uint64_t>(p));
    const int64_t end = std::min(rows, (p + 1) * piece) * dimension;
    for (int64_t i = p * piece * dimension; i < end; ++i) {
      // A sum of four uniform values is normal enough, and made fast.
      const uint64_t bits = random();
      int64_t sum = 0;
      for (int part = 0; part < 4; ++part) sum += static_cast<int64_t>(bits >> (16 * part) & 0xffff);
      values[i] = static_cast<float>(sum - 131070) * 0x1p-16F;
    }
  });
  return values;
}

void require(bool holds, const std::string& what) {
  if (!holds && found++ < kMostFaults) std::printf("WRONG: %s\n", what.c_str());
}

int faults() { return found; }

void check_searches(const cuda::Library& library, Instruction instruction, bool quick) {
  const int64_t rows = quick ? 20000 : 300000;
  for (const int32_t dimension : quick ? std::vector{72} : std::vector{64, 100, 512, 768, 1152}) {
    const Corpus corpus(library, instruction, rows, dimension);
    for (const Similarity similarity : {Similarity::kCosine, Similarity::kDot}) {
      for (const int64_t count :
           quick ? std::vector<int64_t>{3, 70} : std::vector<int64_t>{1, 4, 9, 33, 100, 300}) {
        for (const int64_t k : {1, 10, 100}) check_search(corpus, count, k, similarity, "resident rows");
      }
      check_search(corpus, 3, 1024, similarity, "many hits");
    }
  }
  std::vector<uint64_t> allowed(static_cast<size_t>(rows / 64 + 1), 0x8000100000000101);
  check_search(Corpus(library, instruction, rows, 512, -1, allowed.data()), 5, 10, Similarity::kCosine,
               "a filter");
  check_search(Corpus(library, instruction, rows, 512, 10 << 20), 5, 10, Similarity::kCosine,
               "rows in pinned memory");
  // Kernels that take less memory of a thread block's, and more, at once.
  const Corpus narrow(library, instruction, rows, 64), wide(library, instruction, rows, 1152);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      try {
        for (int i = 0; i < (quick ? 2 : 20); ++i)
          check_search(t % 2 == 0 ? narrow : wide, 7, 10, Similarity::kCosine, "8 threads");
      } catch (const std::exception& error) {
        require(false, text("8 threads: ", error.what()));
      }
    });
  }
}

double check_preprocessing(const cuda::Library& library, bool quick) {
  const clip4j_preprocessing options = clip_preprocessing();
  auto picture = [random = std::mt19937(4)](int width, int height) mutable {
    image::Pixels made{width, height, std::vector<uint8_t>(size_t{3} * width * height)};
    for (uint8_t& value : made.rgb) value = static_cast<uint8_t>(random());
    return made;
  };
  const image::NormalizedValues values = image::normalized_values(options);
  const auto run = [&](const std::vector<image::Pixels>& pictures) {
    std::vector<image::GpuPlan> plans;
    for (const image::Pixels& one : pictures) {
      plans.push_back(image::GpuPlan::make(one.width, one.height, options).value());
    }
    double taken = 0;
    const std::vector<float> results =
        preprocess_on_gpu(library, pictures, plans, values, options.fill, taken);
    const size_t size = results.size() / pictures.size();
    std::vector<float> expected(size);
    for (size_t i = 0; i < pictures.size(); ++i) {
      image::normalize_to_patches(image::resize_crop(pictures[i], options), options, 224, expected.data());
      require(std::memcmp(&results[i * size], expected.data(), size * sizeof(float)) == 0,
              text("preprocessing of ", pictures[i].width, " x ", pictures[i].height, " pixels"));
    }
    return static_cast<double>(pictures.size()) / taken;
  };
  run({picture(640, 480), picture(300, 1000), picture(224, 224), picture(100, 150), picture(2000, 1500),
       picture(240, 900)});
  if (quick) return 0;
  std::vector<image::Pixels> batch;
  for (int i = 0; i < 256; ++i) batch.push_back(picture(640, 480));
  return run(batch);
}

}  // namespace clip4j::bench
