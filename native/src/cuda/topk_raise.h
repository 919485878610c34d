#pragma once

#include "cuda/topk.h"

// Between two scans: one thread block a query. `Machine` as in topk_scan.h.
namespace clip4j::cuda {

constexpr int32_t kDigits = 256;  // 8 bits at a time

// Greater floats have greater keys.
CLIP4J_HD inline uint32_t key_of(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
}
CLIP4J_HD inline float value_of(uint32_t key) {
  const uint32_t bits = (key & 0x80000000) != 0 ? key & 0x7fffffff : ~key;
  float value;
  __builtin_memcpy(&value, &bits, sizeof(value));
  return value;
}

template <typename Machine>
class Raiser {
 public:
  CLIP4J_KERNEL Raiser(const Raise& raise, Machine& machine)
      : machine_(machine),
        best_(raise.best[machine.block()]),
        found_(raise.found + static_cast<int64_t>(machine.block()) * raise.room),
        bound_(raise.bounds[machine.block()]),
        floor_(raise.floors[machine.block()]),
        room_(raise.room),
        shared_(*reinterpret_cast<Shared*>(machine.shared())) {}

  CLIP4J_KERNEL void run() {
    const int32_t count = best_.count < room_ ? best_.count : room_;
    double threshold = best_.threshold;
    if (count >= best_.k) {
      const auto kth = static_cast<double>(kth_lower(count));
      if (kth > threshold) threshold = kth;
    }
    const int32_t kept = drop_below(threshold, count);
    if (machine_.thread() == 0) {
      if (best_.count > room_) best_.overflowed = 1;
      best_.count = kept;
      best_.threshold = threshold;
      floor_ = bound_.floor(threshold);
    }
  }

  struct Shared {
    int32_t digits[2][kDigits];
    uint32_t prefix;
    int32_t rank;
    int32_t kept;
  };

 private:
  // The k-th highest lower bound, to a float's precision and no higher than it is, digit by digit.
  CLIP4J_KERNEL float kth_lower(int32_t count) {
    uint32_t prefix = 0;
    int32_t rank = best_.k;
    const int32_t digit = machine_.thread();
    for (int32_t shift = 24; shift >= 0; shift -= 8) {
      shared_.digits[0][digit] = 0;
      machine_.sync();
      for (int32_t begin = machine_.thread(); begin < count; begin += kAtOnce * kThreads) {
        double lower[kAtOnce];
        CLIP4J_UNROLL
        for (int32_t j = 0; j < kAtOnce; ++j) {
          const int32_t i = begin + j * kThreads;
          if (i < count) lower[j] = found_[i].lower;
        }
        CLIP4J_UNROLL
        for (int32_t j = 0; j < kAtOnce; ++j) {
          if (begin + j * kThreads >= count) continue;
          const uint32_t key = key_of(search::round_down(lower[j]));
          // 64 bits, for a shift by 32 is none.
          if (static_cast<uint64_t>(key) >> (shift + 8) == static_cast<uint64_t>(prefix) >> (shift + 8)) {
            machine_.add(&shared_.digits[0][key >> shift & (kDigits - 1)], 1);
          }
        }
      }
      machine_.sync();
      // How many have this digit or a greater one.
      int32_t at = 0;
      for (int32_t step = 1; step < kDigits; step *= 2, at = 1 - at) {
        shared_.digits[1 - at][digit] =
            shared_.digits[at][digit] + (digit + step < kDigits ? shared_.digits[at][digit + step] : 0);
        machine_.sync();
      }
      const int32_t greater = digit + 1 < kDigits ? shared_.digits[at][digit + 1] : 0;
      if (greater < rank && rank <= shared_.digits[at][digit]) {
        shared_.prefix = prefix | static_cast<uint32_t>(digit) << shift;
        shared_.rank = rank - greater;
      }
      machine_.sync();
      prefix = shared_.prefix;
      rank = shared_.rank;
    }
    return value_of(prefix);
  }

  // Moves what may still be a hit to the front, and returns how many there are. In place: what is written was
  // read.
  CLIP4J_KERNEL int32_t drop_below(double threshold, int32_t count) {
    if (machine_.thread() == 0) shared_.kept = 0;
    for (int32_t begin = machine_.thread(); begin - machine_.thread() < count; begin += kAtOnce * kThreads) {
      Found found[kAtOnce];
      CLIP4J_UNROLL
      for (int32_t j = 0; j < kAtOnce; ++j) {
        const int32_t i = begin + j * kThreads;
        if (i < count) found[j] = found_[i];
      }
      machine_.sync();
      CLIP4J_UNROLL
      for (int32_t j = 0; j < kAtOnce; ++j) {
        if (begin + j * kThreads < count && !(found[j].upper < threshold)) {
          found_[machine_.add(&shared_.kept, 1)] = found[j];
        }
      }
    }
    machine_.sync();
    return shared_.kept;
  }

  static constexpr int32_t kAtOnce = 8;  // that a thread reads from memory before it looks at one
  static_assert(kThreads == kDigits);    // a thread has a digit

  Machine& machine_;
  Best& best_;
  Found* const found_;
  const search::Bound& bound_;
  search::Floor& floor_;
  const int32_t room_;
  Shared& shared_;
};

}  // namespace clip4j::cuda
