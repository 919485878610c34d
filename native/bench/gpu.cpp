// Checks and times what clip4j does on a GPU, which it must have, and prints Markdown:
//
//     bench_gpu LIBRARY [rows=10000000] [dimension=512] [quick=0]
//
// LIBRARY is libclip4j_search_cuda.so. Results are compared with the CPU's, to the bit: where they differ it
// says so, times nothing that is wrong, and ends with status 1. All is done with mma; then, where the GPU has
// wgmma, searches are checked and many queries timed with that. What may fail comes last, and lines are
// written as they come, so that what is known outlasts a crash. quick=1 is for compute-sanitizer: small
// checks alone.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "command_line.h"
#include "cuda/loader.h"
#include "gpu_checks.h"
#include "gpu_kernels.h"
#include "search/gpu/trial.h"

namespace clip4j::bench {
namespace {

using cuda::Instruction;
using search::GpuIndex;
using search::Hits;

const double start = seconds();

// A part that fails does not stop the others. True where nothing failed.
bool attempt(const std::string& what, const std::function<void()>& part) {
  const int before = faults();
  std::fprintf(stderr, "%4.0f s: %s\n", seconds() - start, what.c_str());
  try {
    part();
  } catch (const std::exception& error) {
    require(false, text(what, ": ", error.what()));
  }
  return faults() == before;
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

using Counts = std::vector<int64_t>;

void time_searches(const Corpus& corpus, const GpuIndex& gpu, const Counts& counts,
                   const Bandwidth& bandwidth) {
  std::printf(
      "%.2f GB on the GPU.\n\n"
      "| | queries | k | ms | codes GB/s | of the copy kernel | TOPS |\n|---|--:|--:|--:|--:|--:|--:|\n",
      static_cast<double>(gpu.resident_bytes()) / 1e9);
  const auto queries = random_rows(*std::ranges::max_element(counts), corpus.segment.dimension(), 3);
  for (const int64_t k : {10, 100}) {
    for (const int64_t count : counts) time_search(corpus, gpu, queries.data(), count, k, bandwidth);
  }
  std::printf("\n");
}

void print_setting(const Corpus& corpus, const Bandwidth& bandwidth) {
  std::printf("A copy kernel moves %.0f GB/s, a kernel that reads alone %.0f GB/s.\n\n", bandwidth.copy / 1e9,
              bandwidth.read / 1e9);
  std::printf(
      "%lld rows of %d, int8 codes and as many float32 rows as fit. Times are of a whole search, float64 "
      "scores included: the median of 15, of 3 for more than 1,000 queries.\n\n",
      static_cast<long long>(corpus.segment.rows()), corpus.segment.dimension());
}

void run(const cuda::Library& library, int64_t rows, int32_t dimension, bool quick) {
  cuda::Properties properties;
  cuda::check(library, library.properties(0, &properties));
  std::printf("%s\n\n", properties.name);
  const auto check = [&](Instruction instruction) {
    const bool right = attempt(text("checks searches with ", name(instruction)),
                               [&] { check_searches(library, instruction, quick); });
    if (right) std::printf("%s: hits and scores are the CPU's, to the bit.\n\n", name(instruction));
    return right;
  };
  const bool mma = check(Instruction::kMma);
  double pictures = 0;
  if (attempt("checks preprocessing", [&] { pictures = check_preprocessing(library, quick); })) {
    std::printf("Preprocessing: pixels are the CPU's, to the bit.\n\n");
    if (!quick) std::printf("%.0f pictures/s of 640 x 480, a batch of 256, the kernel alone.\n\n", pictures);
  }

  std::unique_ptr<Corpus> corpus;
  Bandwidth bandwidth{};
  if (!quick && mma) {
    attempt("copies rows", [&] {
      bandwidth = gpu_bandwidth(int64_t{2} << 30);
      corpus = std::make_unique<Corpus>(library, Instruction::kMma, rows, dimension);
      print_setting(*corpus, bandwidth);
    });
  }
  if (corpus) {
    attempt("times mma", [&] {
      time_searches(*corpus, corpus->gpu, {1, 2, 4, 8, 16, 32, 64, 256, 4096}, bandwidth);
    });
  }

  search::GpuChoice choice{Instruction::kMma, false};
  attempt("tries wgmma", [&] { choice = search::GpuTrials().choose(library, 0); });
  require(!choice.refused, "wgmma finds other hits than the CPU: mma would be taken");
  if (choice.instruction == Instruction::kMma && !choice.refused) return;
  if (!check(Instruction::kWgmma) || !corpus) return;
  attempt("times wgmma", [&] {
    const GpuIndex gpu(library, 0, Instruction::kWgmma, dimension, {&corpus->view, 1}, -1);
    time_searches(*corpus, gpu, {256, 4096}, bandwidth);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "bench_gpu LIBRARY [rows=N] [dimension=N] [quick=0]\n");
    return 2;
  }
  Options given = options(argc - 1, argv + 1, {{"rows", "10000000"}, {"dimension", "512"}, {"quick", "0"}});
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  attempt("loads the library", [&] {
    const cuda::Library& library = cuda::load(argv[1]);
    cuda::check_device(library, 0);
    run(library, std::stoll(given["rows"]), std::stoi(given["dimension"]), given["quick"] == "1");
  });
  return faults() == 0 ? 0 : 1;
}

}  // namespace clip4j::bench

int main(int argc, char** argv) { return clip4j::bench::main(argc, argv); }
