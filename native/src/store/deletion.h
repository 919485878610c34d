#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "store/snapshot.h"

namespace clip4j::store {

// The parts of a snapshot, of which rows are deleted; the snapshot's own bitmaps stay as they are.
class Deletion {
 public:
  explicit Deletion(const Snapshot& snapshot)
      : snapshot_(snapshot), parts_(snapshot.parts()), changed_(parts_.size()) {}

  // A row that is alive.
  void remove(int64_t row) {
    const auto [i, local] = snapshot_.locate(row);
    if (changed_[i] == nullptr) {
      Part& part = parts_[i];
      changed_[i] =
          part.alive == nullptr ? all_alive(part.segment->rows()) : std::make_shared<Bits>(*part.alive);
      part.alive = changed_[i];
    }
    (*changed_[i])[local / 64] &= ~(uint64_t{1} << local % 64);
  }

  std::vector<Part> take() { return std::move(parts_); }

 private:
  static std::shared_ptr<Bits> all_alive(int64_t rows) {
    auto bits = std::make_shared<Bits>(search::divide_up(rows, 64), ~uint64_t{0});
    if (rows % 64 != 0) bits->back() >>= 64 - rows % 64;
    return bits;
  }

  const Snapshot& snapshot_;
  std::vector<Part> parts_;
  std::vector<std::shared_ptr<Bits>> changed_;
};

}  // namespace clip4j::store
