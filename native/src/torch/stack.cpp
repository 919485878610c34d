#include "torch/stack.h"

#include <cstring>

namespace clip4j::torch {
namespace {

// The version whose operation schemas the dispatcher shall assume: 2.10.0.
constexpr uint64_t kBuildVersion = (uint64_t{2} << 56) | (uint64_t{10} << 48);

StableListHandle new_list(size_t size) {
  StableListHandle list = nullptr;
  if (torch_new_list_reserve_size(size, &list) != 0) fail(CLIP4J_INTERNAL, "libtorch could not make a list");
  return list;
}

void push(StableListHandle list, StableIValue element) {
  if (torch_list_push_back(list, element) != 0) fail(CLIP4J_INTERNAL, "libtorch could not fill a list");
}

}  // namespace

StableIValue slot(const Tensor& tensor) {
  AtenTensorHandle copy = nullptr;
  if (aoti_torch_new_tensor_handle(tensor.handle(), &copy) != 0) {
    fail(CLIP4J_INTERNAL, "libtorch could not copy a handle");
  }
  return std::bit_cast<StableIValue>(copy);
}

StableIValue optional_slot(const Tensor& tensor) {
  return tensor ? std::bit_cast<StableIValue>(new StableIValue(slot(tensor))) : 0;
}

StableIValue list_slot(Sizes elements) {
  const StableListHandle list = new_list(elements.size());
  for (const int64_t element : elements) push(list, std::bit_cast<StableIValue>(element));
  return std::bit_cast<StableIValue>(list);
}

StableIValue list_slot(std::initializer_list<const Tensor*> elements) {
  const StableListHandle list = new_list(elements.size());
  for (const Tensor* element : elements) push(list, slot(*element));
  return std::bit_cast<StableIValue>(list);
}

StableIValue text_slot(const char* text) {
  StringHandle handle = nullptr;
  if (torch_new_string_handle(text, std::strlen(text), &handle) != 0) {
    fail(CLIP4J_INTERNAL, "libtorch could not make a text");
  }
  return std::bit_cast<StableIValue>(handle);
}

int32_t call_dispatcher(const char* operation, const char* overload, StableIValue* stack) {
  return torch_call_dispatcher(operation, overload, stack, kBuildVersion);
}

}  // namespace clip4j::torch
