#pragma once

#include <cstdint>

#include "clip/buffer.h"

namespace clip4j {

// A square grid's position embeddings for another size: bicubic, corners not aligned, not antialiased, as
// transformers' interpolate_pos_encoding has it of torch.nn.functional.interpolate. `stored` is
// [leading + from x from, hidden]; the leading rows, a class token's, stay. -> [leading + to x to, hidden]
Buffer resized_positions(const Buffer& stored, int64_t leading, int64_t from, int64_t to, int64_t hidden);

}  // namespace clip4j
