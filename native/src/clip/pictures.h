#pragma once

#include <cstdint>
#include <span>

#include "clip4j.h"
#include "torch/tensor.h"

namespace clip4j {

// Some pictures on their way from files to a vision tower. May be used for one lot after another.
class Pictures {
 public:
  virtual ~Pictures() = default;

  // Decodes picture i, and does of its preprocessing what is the CPU's. Throws Error, what is wrong with it.
  // From any thread, for different i at once.
  virtual void read(int64_t i, const clip4j_image& picture) = 0;
  // Of what has been read, only these are wanted, in ascending order; from then on they are 0, 1 and so on.
  // None are: memory may be given back.
  virtual void keep(std::span<const int64_t> numbers) = 0;
  // [count x patches, patch width], where the tower computes and in its type. On the lane, after keep().
  virtual torch::Tensor patches(int64_t first, int64_t count) const = 0;

 protected:
  Pictures() = default;
  Pictures(const Pictures&) = delete;
  Pictures& operator=(const Pictures&) = delete;
};

}  // namespace clip4j
