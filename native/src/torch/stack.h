#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "base/error.h"
#include "torch/tensor.h"

// What a call by name passes to libtorch's dispatcher (torch/abi.h says what a slot holds).
namespace clip4j::torch {

// An owning handle, for a stack slot that the callee empties.
StableIValue slot(const Tensor& tensor);
StableIValue optional_slot(const Tensor& tensor);
inline StableIValue slot(double value) { return std::bit_cast<StableIValue>(value); }
StableIValue list_slot(Sizes elements);
StableIValue list_slot(std::initializer_list<const Tensor*> elements);
StableIValue text_slot(const char* text);

template <typename... Tensors>
std::string shapes_text(const Tensors&... tensors) {
  std::string shapes;
  ((shapes += ' ' + shape_text(tensors.sizes())), ...);
  return shapes;
}

// Throws unless the tensors' shapes fit one another.
template <typename... Tensors>
void require(bool fits, const char* operation, const Tensors&... arguments) {
  if (!fits) fail(CLIP4J_INTERNAL, operation, " does not take tensors of shape", shapes_text(arguments...));
}

// Throws unless a function of libtorch succeeded.
template <typename... Tensors>
void check(int32_t result, const char* operation, const Tensors&... arguments) {
  if (result != 0) {
    fail(CLIP4J_INTERNAL, "libtorch failed in ", operation, " of tensors of shape", shapes_text(arguments...),
         " (stderr has its reason; it fails so where memory is short, too)");
  }
}

// Puts the results into the stack's first slots; other than 0 where it failed.
int32_t call_dispatcher(const char* operation, const char* overload, StableIValue* stack);

inline Tensor take(StableIValue result) { return Tensor(std::bit_cast<AtenTensorHandle>(result)); }

}  // namespace clip4j::torch
