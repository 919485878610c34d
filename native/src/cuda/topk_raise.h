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
    int32_t digits[kDigits];
    uint32_t prefix;
    int32_t rank;
    int32_t kept;
  };

 private:
  // The k-th highest lower bound, to a float's precision and no higher than it is, digit by digit.
  CLIP4J_KERNEL float kth_lower(int32_t count) {
    uint32_t prefix = 0;
    int32_t rank = best_.k;
    for (int32_t shift = 24; shift >= 0; shift -= 8) {
      for (int32_t i = machine_.thread(); i < kDigits; i += kThreads) shared_.digits[i] = 0;
      machine_.sync();
      for (int32_t i = machine_.thread(); i < count; i += kThreads) {
        const uint32_t key = key_of(search::round_down(found_[i].lower));
        // 64 bits, for a shift by 32 is none.
        if (static_cast<uint64_t>(key) >> (shift + 8) == static_cast<uint64_t>(prefix) >> (shift + 8)) {
          machine_.add(&shared_.digits[key >> shift & (kDigits - 1)], 1);
        }
      }
      machine_.sync();
      if (machine_.thread() == 0) {
        int32_t digit = kDigits - 1;
        for (; digit > 0 && shared_.digits[digit] < rank; --digit) rank -= shared_.digits[digit];
        shared_.prefix = prefix | static_cast<uint32_t>(digit) << shift;
        shared_.rank = rank;
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
    for (int32_t begin = 0; begin < count; begin += kThreads) {
      const int32_t i = begin + machine_.thread();
      const Found found = i < count ? found_[i] : Found{};
      machine_.sync();
      if (i < count && !(found.upper < threshold)) found_[machine_.add(&shared_.kept, 1)] = found;
    }
    machine_.sync();
    return shared_.kept;
  }

  Machine& machine_;
  Best& best_;
  Found* const found_;
  const search::Bound& bound_;
  search::Floor& floor_;
  const int32_t room_;
  Shared& shared_;
};

}  // namespace clip4j::cuda
