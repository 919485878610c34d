#include <cstddef>

#include "clip4j_search.h"

// Java reads and writes these structs through ByteBuffers: NativeIds, NativeIndex, NativeSearch and GpuIndex
// hold the same numbers. A platform that lays them out differently must not build.
static_assert(sizeof(clip4j_ids) == 32 && offsetof(clip4j_ids, kind) == 24);
static_assert(sizeof(clip4j_schema) == 16 && offsetof(clip4j_schema, ids) == 12);
static_assert(sizeof(clip4j_memory_use) == 32 && offsetof(clip4j_memory_use, deletions) == 24);
static_assert(sizeof(clip4j_request) == 88 && offsetof(clip4j_request, similarity) == 24);
static_assert(offsetof(clip4j_request, filter_ids) == 32 && offsetof(clip4j_request, filter_rows) == 64);
static_assert(offsetof(clip4j_request, first_query) == 80);
static_assert(sizeof(clip4j_gpu_memory) == 16 && offsetof(clip4j_gpu_memory, pinned) == 8);
static_assert(sizeof(clip4j_found) == 48 && offsetof(clip4j_found, rescored) == 40);
