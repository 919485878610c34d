#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "clip/lane.h"
#include "clip4j.h"

namespace clip4j {

// The tensors that a model wants, by their Hugging Face names, and where each of them goes. Safe from any
// thread once everything is declared.
class Weights {
 public:
  explicit Weights(Lane& lane) : lane_(lane) {}

  // `place` gives the memory for the values when they are about to be read; `placed`, which may be empty,
  // runs on the lane when they are there.
  void want(const std::string& name, std::vector<int64_t> shape, std::function<float*()> place,
            std::function<void()> placed = {});

  bool wants(const std::string& name) const { return slots_.contains(name); }
  // Names and shapes.
  std::vector<std::pair<std::string, std::vector<int64_t>>> wanted() const;
  // Where reading fails, it may be tried again; not where `placed` does.
  void read(const std::string& name, const std::string& path, int64_t offset, clip4j_dtype dtype,
            std::span<const int64_t> shape);
  // Throws CLIP4J_MISSING unless every tensor has been read and placed.
  void check_complete() const;

 private:
  struct Slot {
    std::vector<int64_t> shape;
    std::function<float*()> place;
    std::function<void()> placed;
    bool read = false;  // guarded by mutex_, as the next
    bool complete = false;
  };

  Lane& lane_;
  mutable std::mutex mutex_;
  std::map<std::string, Slot> slots_;
};

}  // namespace clip4j
