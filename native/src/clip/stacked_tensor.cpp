#include "clip/stacked_tensor.h"

#include <utility>

#include "torch/tensor.h"

namespace clip4j {

void StackedTensor::declare(Weights& weights, const std::vector<std::string>& prefixes, const char* suffix,
                            const std::vector<int64_t>& shape, std::function<void(Buffer)> complete) {
  missing_ = prefixes.size();
  complete_ = std::move(complete);
  const int64_t part = torch::size_of(shape), all = part * static_cast<int64_t>(prefixes.size());
  int64_t first = 0;
  for (const std::string& prefix : prefixes) {
    weights.want(
        prefix + suffix, shape,
        [this, all, first] {
          if (values_.size() == 0) values_ = Buffer(all);
          return values_.data() + first;
        },
        [this] {
          if (--missing_ == 0) complete_(std::exchange(values_, Buffer()));
        });
    first += part;
  }
}

}  // namespace clip4j
