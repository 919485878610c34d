#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

#include "torch/abi.h"

namespace clip4j::torch {

using Sizes = std::span<const int64_t>;

// "[50, 768]"
std::string shape_text(Sizes sizes);

// A float32 tensor on the CPU, or a weight that pack_linear has packed; owns its handle.
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
  static Tensor empty(std::initializer_list<int64_t> sizes);
  // `data` is row-major, borrowed, only read, and outlives the tensor.
  static Tensor from_blob(const float* data, std::initializer_list<int64_t> sizes);

  AtenTensorHandle handle() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }
  float* data() const;
  // Borrowed from the tensor.
  Sizes sizes() const;

 private:
  AtenTensorHandle handle_ = nullptr;
};

}  // namespace clip4j::torch
