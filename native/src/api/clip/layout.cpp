#include <cstddef>

#include "clip4j.h"

// Java writes these structs through ByteBuffers, field by field: ClipConfig, PreprocessorConfig and ImageBatch
// (io.github.clip4j.internal and below) hold the same numbers. A platform that lays them out differently must
// not build.
static_assert(sizeof(clip4j_tower) == 28 && offsetof(clip4j_tower, post_norm) == 24);
static_assert(sizeof(clip4j_config) == 128 && offsetof(clip4j_config, text) == 28);
static_assert(offsetof(clip4j_config, image_size) == 56 && offsetof(clip4j_config, projection_dim) == 76);
static_assert(offsetof(clip4j_config, vision_pooling) == 92 && offsetof(clip4j_config, token_type) == 124);
static_assert(sizeof(clip4j_preprocessing) == 88 && offsetof(clip4j_preprocessing, scale) == 32);
static_assert(offsetof(clip4j_preprocessing, std) == 48 && offsetof(clip4j_preprocessing, formats) == 68);
static_assert(offsetof(clip4j_preprocessing, max_encoded_bytes) == 72);
static_assert(sizeof(clip4j_image) == 32 && offsetof(clip4j_image, kind) == 16);
static_assert(sizeof(clip4j_outcome) == 256 && offsetof(clip4j_outcome, message) == 4);
static_assert(sizeof(clip4j_timings) == 16 && offsetof(clip4j_timings, encode_ms) == 8);
static_assert(sizeof(clip4j_memory) == 24 && offsetof(clip4j_memory, scratch) == 16);
