#include "torch/tensor.h"

#include <array>
#include <sstream>

#include "base/error.h"

namespace clip4j::torch {
namespace {

constexpr size_t kMostDimensions = 4;

// Checks the sizes and computes the strides of a row-major tensor.
std::array<int64_t, kMostDimensions> row_major(Sizes sizes) {
  std::array<int64_t, kMostDimensions> strides{};
  if (sizes.empty() || sizes.size() > kMostDimensions)
    fail(CLIP4J_INTERNAL, "a tensor of ", sizes.size(), " dimensions");
  int64_t elements = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = elements;
    if (sizes[i] < 1 || __builtin_mul_overflow(elements, sizes[i], &elements)) {
      fail(CLIP4J_INTERNAL, "a tensor of shape ", shape_text(sizes));
    }
  }
  return strides;
}

int32_t number(Type type) {
  switch (type) {
    case Type::kBFloat16:
      return aoti_torch_dtype_bfloat16();
    case Type::kFloat16:
      return aoti_torch_dtype_float16();
    case Type::kInt64:
      return aoti_torch_dtype_int64();
    case Type::kUInt8:
      return aoti_torch_dtype_uint8();
    case Type::kFloat32:
      break;
  }
  return aoti_torch_dtype_float32();
}

void check(int32_t result, clip4j_status status, const char* what, Sizes sizes) {
  if (result != 0) fail(status, "libtorch could not ", what, " a tensor of shape ", shape_text(sizes));
}

}  // namespace

std::string shape_text(Sizes sizes) {
  std::ostringstream out;
  out << '[';
  for (size_t i = 0; i < sizes.size(); ++i) out << (i == 0 ? "" : ", ") << sizes[i];
  out << ']';
  return std::move(out).str();
}

int64_t size_of(Sizes sizes) {
  int64_t size = 1;
  for (const int64_t extent : sizes) size *= extent;
  return size;
}

Tensor::~Tensor() {
  if (handle_ != nullptr) aoti_torch_delete_tensor_object(handle_);
}

Tensor Tensor::empty(Sizes sizes, const Place& place) {
  const auto strides = row_major(sizes);
  const bool cuda = place.device.is_cuda();
  AtenTensorHandle result = nullptr;
  check(aoti_torch_empty_strided(static_cast<int64_t>(sizes.size()), sizes.data(), strides.data(),
                                 number(place.type),
                                 cuda ? aoti_torch_device_type_cuda() : aoti_torch_device_type_cpu(),
                                 cuda ? place.device.cuda : 0, &result),
        CLIP4J_OUT_OF_MEMORY, "allocate", sizes);
  return Tensor(result);
}

Tensor Tensor::empty_staging(const Device& device, Sizes sizes, Type type) {
  if (!device.is_cuda()) return empty(sizes, {device, type});
  const auto strides = row_major(sizes);
  AtenTensorHandle result = nullptr;
  check(aoti_torch_empty_strided_pinned(static_cast<int64_t>(sizes.size()), sizes.data(), strides.data(),
                                        number(type), aoti_torch_device_type_cpu(), 0, &result),
        CLIP4J_OUT_OF_MEMORY, "allocate", sizes);
  return Tensor(result);
}

Tensor Tensor::from_blob(const void* data, Sizes sizes, Type type) {
  const auto strides = row_major(sizes);
  AtenTensorHandle result = nullptr;
  check(aoti_torch_create_tensor_from_blob(const_cast<void*>(data), static_cast<int64_t>(sizes.size()),
                                           sizes.data(), strides.data(), 0, number(type),
                                           aoti_torch_device_type_cpu(), 0, &result),
        CLIP4J_INTERNAL, "wrap", sizes);
  return Tensor(result);
}

void* Tensor::address() const {
  void* data = nullptr;
  check(aoti_torch_get_data_ptr(handle_, &data), CLIP4J_INTERNAL, "reach the data of", sizes());
  return data;
}

Sizes Tensor::sizes() const {
  int64_t dimensions = 0;
  int64_t* sizes = nullptr;
  if (aoti_torch_get_dim(handle_, &dimensions) != 0 || aoti_torch_get_sizes(handle_, &sizes) != 0) {
    fail(CLIP4J_INTERNAL, "libtorch could not tell a tensor's shape");
  }
  return {sizes, static_cast<size_t>(dimensions)};
}

}  // namespace clip4j::torch
