#pragma once

#include <cstdint>
#include <span>

#include "store/snapshot.h"

namespace clip4j::store {

// The files of segments in a folder that has no other writer.
class SegmentFiles {
 public:
  // Numbers go on after those that are there. The folder must outlive it.
  explicit SegmentFiles(Folder& folder);

  // Whether there were any at the start.
  bool any_before() const { return any_before_; }
  // Removes its file where it throws, if that can be.
  SegmentEntry write(const Segment& segment);
  // What has been written may be in a manifest from now on, even of a commit that fails.
  void are_public() { first_unpublished_ = next_; }

  // Remove files that none of `parts` has: all such, or those that are in no manifest. Files that an older
  // snapshot needs stay readable through its handles. What cannot be removed now is another time.
  void remove_unused(std::span<const Part> parts) noexcept { remove(parts, 0); }
  void remove_unused_new(std::span<const Part> parts) noexcept {
    if (first_unpublished_ < next_) remove(parts, first_unpublished_);
  }

 private:
  void remove(std::span<const Part> parts, int64_t from) noexcept;

  Folder& folder_;
  int64_t next_ = 0;  // a number is not used again by this writer
  int64_t first_unpublished_;
  bool any_before_;
};

}  // namespace clip4j::store
