#include "base/descriptor.h"

#include <cerrno>

namespace clip4j {

clip4j_status status_of_read_error(int error) {
  if (error == ENOENT || error == ENOTDIR) return CLIP4J_MISSING;
  return error == ENOMEM ? CLIP4J_OUT_OF_MEMORY : CLIP4J_UNREADABLE;
}

int64_t pread_fully(int descriptor, std::span<uint8_t> to, int64_t offset) {
  size_t length = 0;
  while (length < to.size()) {
    const ssize_t got =
        pread(descriptor, to.data() + length, to.size() - length, offset + static_cast<int64_t>(length));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  return static_cast<int64_t>(length);
}

}  // namespace clip4j
