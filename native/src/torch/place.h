#pragma once

#include <cstdint>

namespace clip4j::torch {

// What a tensor's values are.
enum class Type { kFloat32, kBFloat16, kFloat16, kInt64, kUInt8 };

// A CUDA device, by its number in this process, or the CPU.
struct Device {
  static constexpr int32_t kCpu = -1;

  bool is_cuda() const { return cuda != kCpu; }

  int32_t cuda = kCpu;
};

// Where tensors are, and in what type.
struct Place {
  Device device;
  Type type = Type::kFloat32;
};

}  // namespace clip4j::torch
