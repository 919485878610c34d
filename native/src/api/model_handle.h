#pragma once

#include "base/accounting.h"
#include "base/error.h"
#include "clip/model.h"
#include "clip4j.h"

// What a clip4j_model* points to.
struct clip4j_model {
  clip4j_model(const clip4j_config& config, int32_t threads) : model(config, threads) {}

  clip4j::Model model;
  clip4j::CountedHandle counted;
};

namespace clip4j {

template <typename T>
T& deref(T* pointer, const char* name) {
  if (pointer == nullptr) fail(CLIP4J_INVALID_ARGUMENT, name, " is null");
  return *pointer;
}

}  // namespace clip4j
