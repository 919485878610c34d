#pragma once

#include <cstdint>

#include "cuda/topk.h"

// What libclip4j_search_cuda does for libclip4j_search, which loads it when a GPU is asked for: memory,
// copies, and the two kernels. Tests have a table of their own, which runs the kernels on the CPU.
//
// Functions return a clip4j_status and let no exception out. What they get is theirs for the call alone. Any
// number of threads may call at once; a stream is for one at a time.
namespace clip4j::cuda {

// Goes up whenever what the two libraries share changes.
constexpr int32_t kLibraryVersion = 1;

struct Properties {
  char name[256];
  int64_t free_bytes, total_bytes;
  int32_t processors;
  int32_t shared_bytes;  // that a thread block may have
};

struct Stream;

struct Library {
  int32_t version;
  // The text of this thread's last failed call.
  const char* (*error)();
  // How many GPUs there are; where there can be none, an error that says what is missing.
  int32_t (*count)(int32_t* count);
  int32_t (*properties)(int32_t device, Properties* properties);

  int32_t (*allocate)(int32_t device, int64_t bytes, void** memory);
  void (*release)(int32_t device, void* memory);
  // Memory of the CPU that a GPU reads at full speed.
  int32_t (*allocate_pinned)(int64_t bytes, void** memory);
  void (*release_pinned)(void* memory);

  // What is given to a stream is done in that order.
  int32_t (*open)(int32_t device, Stream** stream);
  void (*close)(Stream* stream);
  // Memory that is not pinned may be changed when they return.
  int32_t (*upload)(Stream* stream, void* to, const void* from, int64_t bytes);
  // `rows` times `bytes`, `pitch` bytes apart on the GPU and dense here. Returns when it is there.
  int32_t (*download)(Stream* stream, void* to, const void* from, int64_t pitch, int64_t bytes, int64_t rows);
  int32_t (*wait)(Stream* stream);
  // `tiles` of columns a thread block: 1, 2, 4, 8 or 16.
  int32_t (*scan)(Stream* stream, const Scan* scan, int32_t tiles);
  int32_t (*raise)(Stream* stream, const Raise* raise);
};

}  // namespace clip4j::cuda

// Static.
extern "C" __attribute__((visibility("default"))) const clip4j::cuda::Library* clip4j_cuda_library(void);
