#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <thread>

#include "search/search.h"
#include "search/threshold.h"

namespace clip4j::search::test {
namespace {

TEST(Threshold, IsTheKthBestThatAnyThreadToldOf) {
  constexpr int kThreads = 4, kEach = 3000;
  std::mt19937 random(1);
  std::vector<double> values(kThreads * kEach);
  for (double& value : values) value = static_cast<double>(random() % 5000);  // some are equal
  for (const int64_t k : {1, 2, 10, 1000, kThreads * kEach}) {
    Threshold threshold;
    threshold.reset(k, -1);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; i += 3) threshold.add({&values[t * kEach + i], 3});
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<double> sorted = values;
    std::ranges::sort(sorted, std::greater<>());
    EXPECT_EQ(threshold.value(), sorted[k - 1]);
  }
}

TEST(Threshold, NeverFallsAndStartsAtTheMinimum) {
  Threshold threshold;
  threshold.reset(2, 5);
  const double low[] = {1, 2, 3};
  threshold.add(low);
  EXPECT_EQ(threshold.value(), 5);
  threshold.raise(7);
  threshold.raise(6);
  EXPECT_EQ(threshold.value(), 7);
  const double high[] = {9, 8};
  threshold.add(high);
  EXPECT_EQ(threshold.value(), 8);
  threshold.reset(kAllRows, 0);
  threshold.add(high);
  EXPECT_EQ(threshold.value(), 0);
}

}  // namespace
}  // namespace clip4j::search::test
