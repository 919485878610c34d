#pragma once

#include "base/error.h"

namespace clip4j {

template <typename T>
T& deref(T* pointer, const char* name) {
  if (pointer == nullptr) fail(CLIP4J_INVALID_ARGUMENT, name, " is null");
  return *pointer;
}

}  // namespace clip4j
