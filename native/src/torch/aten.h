#pragma once

#include <cstdint>
#include <initializer_list>

#include "torch/ops.h"
#include "torch/place.h"
#include "torch/tensor.h"

// Operations of libtorch's own that run where their tensors are, on the CPU or on a CUDA device, in the
// tensors' type. On a device they are queued and return at once: what fails there may be reported by a later
// one, and only download() waits. Shapes are checked before libtorch sees them. Call from a lane's thread
// only.
namespace clip4j::torch::aten {

// Copies float32 or int64 values, row-major and borrowed for the call, into a new tensor.
Tensor upload(const float* values, Sizes sizes, const Place& place);
Tensor upload(const int64_t* values, Sizes sizes, const Device& device);
// Copies values of one type into a tensor that is there. libtorch keeps pinned memory until it has been read.
void copy_into(const Tensor& from, const Tensor& to);
// The values as float32 on the CPU.
Tensor download(const Tensor& tensor);

// x weight^T + bias: x [rows, inputs], weight [outputs, inputs], bias [outputs] or an empty Tensor.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias);
// The same tensor, its values replaced.
Tensor activate(Tensor x, Activation activation);
// softmax(query key^T / sqrt(width)) value, each [sequences, heads, length, width].
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, bool causal);
// Rows of a table [rows, width] by their numbers [count] -> [count, width].
Tensor rows(const Tensor& table, const Tensor& numbers);
// One tensor after the other along dimension 1.
Tensor joined(const Tensor& first, const Tensor& second);
// a + b; b may lack leading dimensions.
Tensor add(const Tensor& a, const Tensor& b);

// Other dimensions over the same values, where they lie.
Tensor view(const Tensor& tensor, std::initializer_list<int64_t> sizes,
            std::initializer_list<int64_t> strides, int64_t offset);
// Other dimensions, row-major; copies only what does not lie so.
Tensor reshaped(const Tensor& tensor, std::initializer_list<int64_t> sizes);
// Dimensions 1 and 2 exchanged.
Tensor transposed(const Tensor& tensor);

}  // namespace clip4j::torch::aten
