#pragma once

#include <cstdint>

#include "clip/buffer.h"
#include "clip4j.h"

namespace clip4j {

// A square grid's position embeddings for another size, as torch.nn.functional.interpolate has it with
// corners not aligned: in transformers' interpolate_pos_encoding, or antialiased in OpenCLIP's
// resize_pos_embed. `stored` is [leading + from x from, hidden]; the leading rows, a class token's, stay. ->
// [leading + to x to, hidden]
Buffer resized_positions(const Buffer& stored, int64_t leading, int64_t from, int64_t to, int64_t hidden,
                         clip4j_position_filter filter);

}  // namespace clip4j
