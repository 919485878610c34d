#pragma once

#include <cstdint>

// How codes lie in memory: [block][step][16 rows][4 values]. Lanes of a kernel's vectors are rows, so that
// comparing them selects rows; a step of a block is a VNNI operand, and 16 steps are an AMX tile.
namespace clip4j::search {

constexpr int32_t kBlockRows = 16;
constexpr int32_t kStepValues = 4;
constexpr int32_t kStepBytes = kBlockRows * kStepValues;

constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace clip4j::search
