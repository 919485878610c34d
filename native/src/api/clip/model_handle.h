#pragma once

#include <optional>

#include "api/arguments.h"
#include "base/accounting.h"
#include "clip/model.h"
#include "clip4j.h"

// What a clip4j_model* points to.
struct clip4j_model {
  clip4j_model(const clip4j_config& config, int32_t threads, clip4j_precision precision,
               const std::optional<clip4j::torch::Device>& device)
      : model(config, threads, precision, device) {}

  clip4j::Model model;
  clip4j::CountedHandle counted;
};
