#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "search/codes.h"
#include "search/parallel.h"

// Loops over many rows, in parallel.
namespace clip4j::search {

// Calls body(begin, end) for pieces of 0 ... n - 1 that end with a block of codes (or with n).
template <typename Body>
void for_each_piece(int64_t n, int32_t dimension, const Body& body) {
  constexpr int64_t piece_values = 1 << 18;
  const int64_t piece = divide_up(piece_values, static_cast<int64_t>(dimension) * kBlockRows) * kBlockRows;
  parallel(divide_up(n, piece), [&](int64_t i) { body(i * piece, std::min(n, (i + 1) * piece)); });
}

template <typename T>
void lower_to(std::atomic<T>& least, T value) {
  T seen = least.load(std::memory_order_relaxed);
  while (value < seen && !least.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

template <typename T>
void raise_to(std::atomic<T>& most, T value) {
  T seen = most.load(std::memory_order_relaxed);
  while (value > seen && !most.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

}  // namespace clip4j::search
