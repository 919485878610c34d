#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "clip4j.h"

namespace clip4j {

// Reads to.size() values of `dtype`, little-endian, from `offset` of the file, as float32. Not mapped: a
// mapped file that someone truncates ends the process. Throws CLIP4J_MISSING, CLIP4J_UNREADABLE, or
// CLIP4J_CORRUPT when the file ends too early or a value is not finite; `name` is for the text.
void read_tensor(const std::string& path, int64_t offset, clip4j_dtype dtype, std::span<float> to,
                 const std::string& name);

}  // namespace clip4j
