#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

#include "torch/abi.h"
#include "torch/place.h"

namespace clip4j::torch {

using Sizes = std::span<const int64_t>;

// "[50, 768]"
std::string shape_text(Sizes sizes);

// Values of a tensor of this shape.
int64_t size_of(Sizes sizes);

// A float32 tensor on the CPU, a weight that pack_linear has packed, or one of another place
// (torch/aten.h); owns its handle.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(AtenTensorHandle owned) : handle_(owned) {}
  ~Tensor();
  Tensor(Tensor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Tensor& operator=(Tensor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  // Uninitialised, row-major.
  static Tensor empty(std::initializer_list<int64_t> sizes) { return empty(sizes, Place{}); }
  static Tensor empty(Sizes sizes, const Place& place);
  // On the CPU, in memory that the device copies from while the CPU goes on; libtorch keeps it for the next.
  static Tensor empty_staging(const Device& device, Sizes sizes, Type type);
  // `data` is row-major, borrowed, only read, and outlives the tensor.
  static Tensor from_blob(const float* data, std::initializer_list<int64_t> sizes) {
    return from_blob(data, sizes, Type::kFloat32);
  }
  static Tensor from_blob(const void* data, Sizes sizes, Type type);

  AtenTensorHandle handle() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }
  // Of a float32 tensor on the CPU.
  float* data() const { return static_cast<float*>(address()); }
  // Of its values, in the memory of its device.
  void* address() const;
  // Borrowed from the tensor.
  Sizes sizes() const;

 private:
  AtenTensorHandle handle_ = nullptr;
};

}  // namespace clip4j::torch
