#include "torch/aten.h"

#include <algorithm>
#include <array>

#include "torch/stack.h"

namespace clip4j::torch::aten {
namespace {

template <size_t size, typename... Tensors>
Tensor call(const char* operation, const char* overload, std::array<StableIValue, size> stack,
            const Tensors&... arguments) {
  check(call_dispatcher(operation, overload, stack.data()), operation, arguments...);
  return take(stack[0]);
}

void copy(const Tensor& from, const Tensor& to, bool wait) {
  check(aoti_torch_copy_(to.handle(), from.handle(), wait ? 0 : 1), "copy", from, to);
}

// The CPU converts before it copies: half as much goes over the bus in 16 bits. It waits for nothing but its
// own writing, since libtorch keeps the pinned memory until the device has read it.
Tensor uploaded(const Tensor& values, const Place& place) {
  Tensor result = Tensor::empty(values.sizes(), place);
  if (!place.device.is_cuda()) {
    copy(values, result, /*wait=*/true);
    return result;
  }
  const Tensor pinned = Tensor::empty_staging(place.device, values.sizes(), place.type);
  copy(values, pinned, /*wait=*/true);
  copy(pinned, result, /*wait=*/false);
  return result;
}

bool is_matrix(const Tensor& tensor) { return tensor.sizes().size() == 2; }

}  // namespace

Tensor upload(const float* values, Sizes sizes, const Place& place) {
  return uploaded(Tensor::from_blob(values, sizes, Type::kFloat32), place);
}

Tensor upload(const int64_t* values, Sizes sizes, const Device& device) {
  return uploaded(Tensor::from_blob(values, sizes, Type::kInt64), {device, Type::kInt64});
}

void copy_into(const Tensor& from, const Tensor& to) {
  require(std::ranges::equal(from.sizes(), to.sizes()), "copy", from, to);
  copy(from, to, /*wait=*/false);
}

Tensor download(const Tensor& tensor) {
  Tensor result = Tensor::empty(tensor.sizes(), Place{});
  copy(tensor, result, /*wait=*/true);
  return result;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  require(is_matrix(x) && is_matrix(weight) && x.sizes()[1] == weight.sizes()[1] &&
              (!bias || std::ranges::equal(bias.sizes(), weight.sizes().first(1))),
          "linear", x, weight);
  return call("aten::linear", "", std::array{slot(x), slot(weight), optional_slot(bias)}, x, weight);
}

Tensor activate(Tensor x, Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return call("aten::silu_", "", std::array{slot(x)}, x);
    case Activation::kGelu:
      return call("aten::gelu_", "", std::array{slot(x), text_slot("none")}, x);
    case Activation::kGeluTanh:
      return call("aten::gelu_", "", std::array{slot(x), text_slot("tanh")}, x);
    case Activation::kNone:
      break;
  }
  return x;
}

Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, bool causal) {
  const Sizes from = query.sizes(), to = key.sizes();
  require(from.size() == 4 && to.size() == 4 && std::ranges::equal(to, value.sizes()) && from[0] == to[0] &&
              from[1] == to[1] && from[3] == to[3] && (!causal || from[2] == to[2]),
          "attention", query, key, value);
  const StableIValue no_mask = 0, usual_scale = 0, no_groups = 0;
  return call("aten::scaled_dot_product_attention", "",
              std::array{slot(query), slot(key), slot(value), no_mask, slot(/*dropout=*/0.0),
                         StableIValue{causal}, usual_scale, no_groups},
              query, key, value);
}

Tensor rows(const Tensor& table, const Tensor& numbers) {
  require(is_matrix(table) && numbers.sizes().size() == 1, "rows", table, numbers);
  return call("aten::index_select", "", std::array{slot(table), /*dimension=*/StableIValue{0}, slot(numbers)},
              table, numbers);
}

Tensor joined(const Tensor& first, const Tensor& second) {
  const Sizes a = first.sizes(), b = second.sizes();
  require(a.size() == 3 && b.size() == 3 && a[0] == b[0] && a[2] == b[2], "joined", first, second);
  return call("aten::cat", "", std::array{list_slot({&first, &second}), /*dimension=*/StableIValue{1}}, first,
              second);
}

// Of the ABI's stable functions the one that adds takes a factor: an operation's own call by name would need
// a number of any type, which no slot holds in 2.10.
Tensor add(const Tensor& a, const Tensor& b) {
  const Sizes all = a.sizes(), some = b.sizes();
  require(some.size() <= all.size() && std::ranges::equal(some, all.last(some.size())), "add", a, b);
  AtenTensorHandle result = nullptr;
  check(aoti_torch_aten_subtract_Tensor(a.handle(), b.handle(), -1, &result), "add", a, b);
  return Tensor(result);
}

Tensor view(const Tensor& tensor, std::initializer_list<int64_t> sizes,
            std::initializer_list<int64_t> strides, int64_t offset) {
  require(sizes.size() == strides.size(), "view", tensor);
  int64_t last = offset;
  for (size_t i = 0; i < sizes.size(); ++i) last += (sizes.begin()[i] - 1) * strides.begin()[i];
  require(offset >= 0 && last < size_of(tensor.sizes()), "view", tensor);
  AtenTensorHandle result = nullptr;
  check(aoti_torch__reinterpret_tensor(tensor.handle(), static_cast<int64_t>(sizes.size()), sizes.begin(),
                                       strides.begin(), offset, &result),
        "view", tensor);
  return Tensor(result);
}

Tensor reshaped(const Tensor& tensor, std::initializer_list<int64_t> sizes) {
  require(size_of(tensor.sizes()) == size_of(sizes), "reshaped", tensor);
  return call("aten::reshape", "", std::array{slot(tensor), list_slot(Sizes(sizes))}, tensor);
}

Tensor transposed(const Tensor& tensor) {
  require(tensor.sizes().size() >= 3, "transposed", tensor);
  return call("aten::transpose", "int", std::array{slot(tensor), StableIValue{1}, StableIValue{2}}, tensor);
}

}  // namespace clip4j::torch::aten
