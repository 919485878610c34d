// Times searches of one shape and prints a line:
//
//     bench_search [rows=1000000] [dimension=512] [queries=1] [k=10] [similarity=cosine|dot]
//                  [allowed=1.0] [minimum=0.3] [cone=0] [rows_npy=FILE] [queries_npy=FILE] [repeat=11]
//                  [at_once=0] [verify=0]
//
// Rows and queries are random, normally distributed around `cone` times a common unit vector of their length,
// or a file's. `allowed` is the part of the rows that a filter lets through, at random. `at_once` queries are
// searched with in one call, 0: all. verify=1 compares every hit with a scan of all rows in float64.
// CLIP4J_CPU chooses among the kernels.
#include "search/search.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "command_line.h"
#include "npy.h"
#include "search/parallel.h"
#include "truth.h"

namespace clip4j::bench {
namespace {

using search::parallel;

// Of all threads together.
double cpu_seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Matrix random_matrix(int64_t rows, int32_t dimension, double cone, uint64_t seed) {
  Matrix matrix{rows, dimension, Array<float>(rows * dimension)};
  constexpr int64_t piece = 4096;
  parallel((rows + piece - 1) / piece, [&](int64_t p) {
    uint64_t state = seed * 0x9E3779B97F4A7C15 + static_cast<uint64_t>(p) * 0xBF58476D1CE4E5B9 + 1;
    const auto uniform = [&state] {
      uint64_t z = state += 0x9E3779B97F4A7C15;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
      return static_cast<float>((z >> 40) + 1) * 0x1p-24F;
    };
    const int64_t end = std::min(rows, (p + 1) * piece) * dimension;
    for (int64_t i = p * piece * dimension; i < end; ++i) {
      // Box and Muller; the common vector is (1, 1, 1, ...), scaled to the length of the noise.
      matrix.values[i] =
          std::sqrt(-2 * std::log(uniform())) * std::cos(6.2831853F * uniform()) + static_cast<float>(cone);
    }
  });
  return matrix;
}

// Gigabytes per second that all threads together read from memory.
double read_bandwidth() {
  Array<uint64_t> memory(int64_t{64} << 20);
  // Different everywhere: equal pages may be one page to the machine below this one.
  for (int64_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<uint64_t>(i);
  const auto expected = static_cast<uint64_t>(memory.size()) / 2 * static_cast<uint64_t>(memory.size() - 1);
  constexpr int64_t piece = 1 << 16;
  double best = 0;
  for (int repeat = 0; repeat < 7; ++repeat) {
    std::atomic<uint64_t> total{0};
    const double begin = seconds();
    parallel(memory.size() / piece, [&](int64_t p) {
      uint64_t sums[8] = {};
      for (int64_t i = p * piece; i < (p + 1) * piece; i += 8) {
        __builtin_prefetch(memory.data() + i + 512);
        for (int j = 0; j < 8; ++j) sums[j] += memory[i + j];
      }
      for (const uint64_t sum : sums) total += sum;
    });
    const double elapsed = seconds() - begin;
    if (total != expected) std::abort();
    best = std::max(best, static_cast<double>(memory.bytes()) / elapsed / 1e9);
  }
  return best;
}

int main(int argc, char** argv) {
  Options given = options(argc, argv,
                          {{"rows", "1000000"},
                           {"dimension", "512"},
                           {"queries", "1"},
                           {"k", "10"},
                           {"allowed", "1"},
                           {"minimum", "-inf"},
                           {"cone", "0"},
                           {"repeat", "11"},
                           {"at_once", "0"},
                           {"verify", "0"},
                           {"similarity", "cosine"},
                           {"rows_npy", ""},
                           {"queries_npy", ""}});
  const auto number = [&given](const char* name) { return std::stod(given[name]); };
  const auto matrix = [&](const char* file, const char* count, uint64_t seed) {
    return given[file].empty()
               ? random_matrix(static_cast<int64_t>(number(count)), static_cast<int32_t>(number("dimension")),
                               number("cone"), seed)
               : read_npy(given[file]);
  };
  const Matrix rows = matrix("rows_npy", "rows", 1), queries = matrix("queries_npy", "queries", 2);
  double begin = seconds();
  const search::Segment segment(search::encode(rows.values.data(), rows.rows, rows.dimension),
                                std::make_shared<search::MemoryRows>(rows.values.data(), rows.dimension));
  const double encoding = seconds() - begin;
  std::vector<uint64_t> allowed(static_cast<size_t>(rows.rows / 64 + 1));
  std::mt19937_64 random(3);
  for (int64_t row = 0; row < rows.rows; ++row) {
    if (std::uniform_real_distribution<>()(random) < number("allowed"))
      allowed[row / 64] |= uint64_t{1} << (row % 64);
  }
  const search::SegmentView view{&segment, number("allowed") < 1 ? allowed.data() : nullptr, 0};
  const int64_t k = number("k") == 0 ? search::kAllRows : static_cast<int64_t>(number("k"));
  const search::Request request{
      .k = {&k, 1},
      .minimum_score = number("minimum"),
      .similarity = given["similarity"] == "dot" ? search::Similarity::kDot : search::Similarity::kCosine};
  const search::Kernel& kernel = search::kernel(instruction_set());
  const auto at_once = number("at_once") == 0 ? queries.rows : static_cast<int64_t>(number("at_once"));
  search::Hits hits;
  std::vector<double> times, rescored;
  int64_t found = 0, mismatches = 0;
  double bandwidth = read_bandwidth();
  const double cpu = cpu_seconds();
  for (int repeat = 0; repeat < static_cast<int>(number("repeat")); ++repeat) {
    rescored.clear();
    found = 0;
    double taken = 0;
    for (int64_t first = 0; first < queries.rows; first += at_once) {
      const int64_t count = std::min(at_once, queries.rows - first);
      const float* from = queries.values.data() + first * queries.dimension;
      begin = seconds();
      search::search({&view, 1}, queries.dimension, from, count, request, kernel, hits);
      taken += seconds() - begin;
      rescored.push_back(static_cast<double>(hits.rescored) / static_cast<double>(count));
      found += static_cast<int64_t>(hits.row.size());
      if (number("verify") != 0) mismatches += wrong_queries(view, request, from, count, hits);
    }
    times.push_back(taken);
  }
  const double cpu_each = (cpu_seconds() - cpu) / static_cast<double>(times.size());
  bandwidth = std::max(bandwidth, read_bandwidth());
  std::sort(times.begin(), times.end());
  std::sort(rescored.begin(), rescored.end());
  const double median = times[times.size() / 2];
  std::printf(
      "n=%lld d=%d queries=%lld k=%s %s allowed=%s kernel=%s threads=%d: median %.4f ms, least %.4f ms, CPU "
      "%.4f ms; rows rescored a query: median %.1f, p99 %.1f; %.2f hits a query; codes read at %.1f GB/s of "
      "%.1f; "
      "encoded in %.2f s\n",
      static_cast<long long>(rows.rows), rows.dimension, static_cast<long long>(queries.rows),
      given["k"].c_str(), given["similarity"].c_str(), given["allowed"].c_str(), kernel.name,
      search::thread_count(), median * 1e3, times[0] * 1e3, cpu_each * 1e3, rescored[rescored.size() / 2],
      rescored[rescored.size() * 99 / 100], static_cast<double>(found) / static_cast<double>(queries.rows),
      static_cast<double>(segment.codes().values.bytes()) / median / 1e9, bandwidth, encoding);
  if (number("verify") != 0) {
    std::printf("%lld of %lld queries differ from float64\n", static_cast<long long>(mismatches),
                static_cast<long long>(queries.rows * static_cast<int64_t>(times.size())));
  }
  return mismatches == 0 ? 0 : 1;
}

}  // namespace
}  // namespace clip4j::bench

int main(int argc, char** argv) { return clip4j::bench::main(argc, argv); }
