#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace clip4j::image {

// The bytes of the regular file at `path`. Throws Error: CLIP4J_MISSING, CLIP4J_UNREADABLE (a directory, a
// device or a pipe, no permission, an I/O error), CLIP4J_TOO_LARGE (more than `limit` bytes, before or while
// it is read).
std::vector<uint8_t> read_file(const std::string& path, int64_t limit);

}  // namespace clip4j::image
