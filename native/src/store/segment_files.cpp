#include "store/segment_files.h"

#include <algorithm>

namespace clip4j::store {

SegmentFiles::SegmentFiles(Folder& folder) : folder_(folder) {
  for (const std::string& name : folder.list()) next_ = std::max(next_, segment_number(name) + 1);
  first_unpublished_ = next_;
  any_before_ = next_ > 0;
}

SegmentEntry SegmentFiles::write(const Segment& segment) {
  const int64_t number = next_++;
  const std::string name = segment_name(number);
  const std::unique_ptr<File> file = folder_.create(name);
  try {
    const Written written = segment.write(*file);
    return {number, written.length, written.crc32c};
  } catch (...) {
    remove({}, number);
    throw;
  }
}

void SegmentFiles::remove(std::span<const Part> parts, int64_t from) noexcept {
  try {
    for (const std::string& name : folder_.list()) {
      const int64_t number = segment_number(name);
      const bool used = std::ranges::any_of(
          parts, [number](const Part& part) { return part.file && part.file->number == number; });
      if (number >= from && !used) folder_.remove(name);
    }
  } catch (const std::exception&) {
  }
}

}  // namespace clip4j::store
