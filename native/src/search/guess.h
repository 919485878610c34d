#pragma once

#include "search/scan.h"

// A scan for many rows a query (a k of 1,000 say) collects ten times as many candidates before it knows what
// score the k-th best has. A sample of the rows tells that score nearly; the scan then starts with a guess a
// little below.
namespace clip4j::search {

// The sample is one block of so many: not a hundredth of the scan.
constexpr int32_t kGuessStride = 128;

bool guessing_pays(const Batch& batch);

// scan.run(batch, hits). A guess that turns out too high costs time and nothing else: the scan is repeated
// without it.
void run_with_guess(const Batch& batch, Scan& scan, Hits& hits);

}  // namespace clip4j::search
