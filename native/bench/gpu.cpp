// Checks and times what clip4j does on a GPU, which it must have, and prints Markdown:
//
//     bench_gpu LIBRARY [rows=10000000] [dimension=512] [quick=0]
//
// LIBRARY is libclip4j_search_cuda.so. First every result is compared with the CPU's, to the bit: where one
// differs it says so and ends with status 1, and nothing is timed. Where the GPU has wgmma, searches are
// checked and many queries timed with it and with mma. quick=1 is for compute-sanitizer: small checks alone.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "cuda/loader.h"
#include "gpu_kernels.h"
#include "image/resize.h"
#include "search/gpu_index.h"
#include "search/gpu_trial.h"
#include "search/parallel.h"
#include "search/search.h"

namespace clip4j::bench {
namespace {

using cuda::Instruction;
using search::GpuIndex;
using search::Hits;
using search::Request;
using search::SegmentView;
using search::Similarity;

const char* name(Instruction instruction) { return instruction == Instruction::kWgmma ? "wgmma" : "mma"; }

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

search::Array<float> random_rows(int64_t rows, int32_t dimension, uint64_t seed) {
  search::Array<float> values(rows * dimension);
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

// Rows, their segment, and a copy on the GPU.
struct Corpus {
  Corpus(const cuda::Library& library, Instruction instruction, int64_t rows, int32_t dimension,
         int64_t gpu_bytes = -1, const uint64_t* allowed = nullptr)
      : values(random_rows(rows, dimension, 1)),
        segment(search::encode(values.data(), rows, dimension),
                std::make_shared<search::MemoryRows>(values.data(), dimension)),
        view{&segment, allowed, 0},
        gpu(library, 0, instruction, dimension, {&view, 1}, gpu_bytes) {}

  void on_gpu(const float* queries, int64_t count, const Request& request, Hits& hits) const {
    gpu.search({&view, 1}, queries, count, request, search::kernel(instruction_set()), hits);
  }
  void on_cpu(const float* queries, int64_t count, const Request& request, Hits& hits) const {
    search::search({&view, 1}, segment.dimension(), queries, count, request,
                   search::kernel(instruction_set()), hits);
  }

  search::Array<float> values;
  search::Segment segment;
  SegmentView view;
  GpuIndex gpu;
};

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::printf("WRONG: %s\n", what.c_str());
  std::exit(1);
}

void check_search(const Corpus& corpus, int64_t count, int64_t k, Similarity similarity, const char* what) {
  const auto queries = random_rows(count, corpus.segment.dimension(), 2);
  Hits expected, hits;
  corpus.on_cpu(queries.data(), count, {.k = {&k, 1}, .similarity = similarity}, expected);
  corpus.on_gpu(queries.data(), count, {.k = {&k, 1}, .similarity = similarity}, hits);
  require(hits.offset == expected.offset && hits.row == expected.row && hits.score == expected.score,
          text(what, ", ", name(corpus.gpu.instruction()), ": ", count, " queries, k ", k,
               similarity == Similarity::kDot ? ", dot" : ", cosine"));
}

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
  const Corpus corpus(library, instruction, rows, 64);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < (quick ? 2 : 20); ++i)
        check_search(corpus, 7, 10, Similarity::kCosine, "8 threads");
    });
  }
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

// Returns pictures a second of 640 x 480.
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

void time_search(const Corpus& corpus, const GpuIndex& gpu, const float* queries, int64_t count, int64_t k,
                 const Bandwidth& bandwidth) {
  std::vector<double> times;
  Hits hits;
  for (int i = 0; i < (count > 1000 ? 5 : 17); ++i) {
    const double begin = seconds();
    gpu.search({&corpus.view, 1}, queries, count, {.k = {&k, 1}}, search::kernel(instruction_set()), hits);
    times.push_back(seconds() - begin);
  }
  times.erase(times.begin(), times.begin() + 2);  // memory is taken
  std::ranges::nth_element(times, times.begin() + static_cast<ptrdiff_t>(times.size() / 2));
  const double taken = times[times.size() / 2],
               bytes = static_cast<double>(corpus.segment.rows()) * corpus.segment.dimension();
  // Up to 64 queries are mma's, whatever there is.
  std::printf("| %s | %lld | %lld | %.2f | %.0f | %.0f%% | %.0f |\n",
              name(count <= 64 ? Instruction::kMma : gpu.instruction()), static_cast<long long>(count),
              static_cast<long long>(k), taken * 1e3, bytes / taken / 1e9,
              100 * bytes / taken / bandwidth.copy, 2 * bytes * static_cast<double>(count) / taken / 1e12);
}

void time_searches(const cuda::Library& library, Instruction instruction, int64_t rows, int32_t dimension) {
  const Bandwidth bandwidth = gpu_bandwidth(int64_t{2} << 30);
  std::printf("A copy kernel moves %.0f GB/s, a kernel that reads alone %.0f GB/s.\n\n", bandwidth.copy / 1e9,
              bandwidth.read / 1e9);
  const Corpus corpus(library, instruction, rows, dimension);
  const auto queries = random_rows(4096, dimension, 3);
  std::printf(
      "%lld rows of %d, int8 codes and as many float32 rows as fit, %.2f GB on the GPU. Times are of a whole "
      "search, float64 scores included: the median of 15.\n\n"
      "| | queries | k | ms | codes GB/s | of the copy kernel | TOPS |\n|---|--:|--:|--:|--:|--:|--:|\n",
      static_cast<long long>(rows), dimension, static_cast<double>(corpus.gpu.resident_bytes()) / 1e9);
  for (const int64_t k : {10, 100}) {
    for (const int64_t count : {1, 2, 4, 8, 16, 32, 64, 256, 4096}) {
      time_search(corpus, corpus.gpu, queries.data(), count, k, bandwidth);
    }
  }
  if (instruction == Instruction::kMma) return;
  const GpuIndex by_mma(library, 0, Instruction::kMma, dimension, {&corpus.view, 1}, -1);
  for (const int64_t count : {256, 4096}) time_search(corpus, by_mma, queries.data(), count, 10, bandwidth);
}

}  // namespace

int main(int argc, char** argv) {
  int64_t rows = 10000000;
  int32_t dimension = 512;
  bool quick = false;
  for (int i = 2; i < argc; ++i) {
    const std::string option = argv[i], value = option.substr(option.find('=') + 1);
    if (option.starts_with("rows=")) {
      rows = std::stoll(value);
    } else if (option.starts_with("dimension=")) {
      dimension = std::stoi(value);
    } else if (option.starts_with("quick=")) {
      quick = value == "1";
    } else {
      std::fprintf(stderr, "there is no option %s\n", argv[i]);
      return 2;
    }
  }
  if (argc < 2) {
    std::fprintf(stderr, "bench_gpu LIBRARY [rows=N] [dimension=N] [quick=0]\n");
    return 2;
  }
  try {
    const cuda::Library& library = cuda::load(argv[1]);
    cuda::check_device(library, 0);
    cuda::Properties properties;
    cuda::check(library, library.properties(0, &properties));
    const search::GpuChoice choice = search::GpuTrials().choose(library, 0);
    require(!choice.refused, "wgmma finds other hits than the CPU: mma would be taken");
    check_searches(library, Instruction::kMma, quick);
    if (choice.instruction != Instruction::kMma) check_searches(library, choice.instruction, quick);
    const double pictures = check_preprocessing(library, quick);
    std::printf("%s, many queries by %s: hits, scores and pixels are the CPU's, to the bit.\n\n",
                properties.name, name(choice.instruction));
    if (quick) return 0;
    std::printf("Preprocessing: %.0f pictures/s of 640 x 480, a batch of 256, the kernel alone.\n\n",
                pictures);
    time_searches(library, choice.instruction, rows, dimension);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace clip4j::bench

int main(int argc, char** argv) { return clip4j::bench::main(argc, argv); }
