#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "clip/buffer.h"
#include "clip/weights.h"

namespace clip4j {

// One tensor of a checkpoint, or several of one shape stacked upon one another, as query, key and value are:
// on their way to where they will stay, they wait for the last of them.
class StackedTensor {
 public:
  StackedTensor() = default;
  StackedTensor(const StackedTensor&) = delete;
  StackedTensor& operator=(const StackedTensor&) = delete;

  // From top to bottom: PREFIX + suffix for each prefix, of this shape each. `complete` gets all values, on
  // the lane.
  void declare(Weights& weights, const std::vector<std::string>& prefixes, const char* suffix,
               const std::vector<int64_t>& shape, std::function<void(Buffer values)> complete);

 private:
  Buffer values_;
  size_t missing_ = 0;
  std::function<void(Buffer)> complete_;
};

}  // namespace clip4j
