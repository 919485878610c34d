#pragma once

#include <cstdint>

#include "cuda/library.h"

// Memory and streams of a GPU that is none. Copies from pinned memory are done as late as the order of the
// streams allows, and what was not ordered is counted (Settings::disorder).
namespace clip4j::cuda::test {

// The status of a call: a failure when that is due.
int32_t answer();

int32_t allocate(int32_t device, int64_t bytes, void** memory);
void release(int32_t device, void* memory);
int32_t allocate_pinned(int64_t bytes, void** memory);
void release_pinned(void* memory);
int32_t open(int32_t device, Stream** stream);
void close(Stream* stream);
int32_t upload(Stream* stream, void* to, const void* from, int64_t bytes);
int32_t download(Stream* stream, void* to, const void* from, int64_t pitch, int64_t bytes, int64_t rows);
int32_t wait(Stream* stream);
int32_t precede(Stream* stream, void* other);
int32_t follow(Stream* stream, void* other);

// Before a kernel on a stream: does the copies that come before it.
void finish_copies(Stream* stream);
// A kernel on somebody else's stream reads the allocation that this lies in.
void note_reading(const void* memory);

}  // namespace clip4j::cuda::test
