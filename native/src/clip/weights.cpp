#include "clip/weights.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "clip/tensor_file.h"
#include "torch/tensor.h"

namespace clip4j {

void Weights::want(const std::string& name, std::vector<int64_t> shape, std::function<float*()> place,
                   std::function<void()> placed) {
  slots_.emplace(name, Slot{std::move(shape), std::move(place), std::move(placed)});
}

std::vector<std::pair<std::string, std::vector<int64_t>>> Weights::wanted() const {
  std::vector<std::pair<std::string, std::vector<int64_t>>> wanted;
  for (const auto& [name, slot] : slots_) wanted.emplace_back(name, slot.shape);
  return wanted;
}

void Weights::read(const std::string& name, const std::string& path, int64_t offset, clip4j_dtype dtype,
                   std::span<const int64_t> shape) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(name);
  if (found == slots_.end()) fail(CLIP4J_INVALID_ARGUMENT, "the model has no tensor ", name);
  Slot& slot = found->second;
  if (slot.read) fail(CLIP4J_INVALID_ARGUMENT, "tensor ", name, " was read before");
  if (!std::ranges::equal(shape, slot.shape)) {
    fail(CLIP4J_INVALID_ARGUMENT, "tensor ", name, " has shape ", torch::shape_text(shape),
         ", the config implies ", torch::shape_text(slot.shape));
  }
  // The config's limits keep this product far from overflow.
  const int64_t size = torch::size_of(slot.shape);
  read_tensor(path, offset, dtype, {slot.place(), static_cast<size_t>(size)}, name);
  slot.read = true;  // what `placed` has begun cannot begin again: others may have gone into it
  if (slot.placed) lane_.run(slot.placed);
  slot.complete = true;
}

void Weights::check_complete() const {
  const std::lock_guard lock(mutex_);
  const auto missing = [](const auto& entry) { return !entry.second.complete; };
  const auto first = std::ranges::find_if(slots_, missing);
  if (first == slots_.end()) return;
  const auto count = std::ranges::count_if(slots_, missing);
  if (count == 1) fail(CLIP4J_MISSING, "the weights lack tensor ", first->first);
  fail(CLIP4J_MISSING, "the weights lack tensor ", first->first, " and ", count - 1, " more");
}

}  // namespace clip4j
