#pragma once

#include <cstdint>

#include "cuda/preprocess.h"
#include "cuda/topk.h"

// What libclip4j_search_cuda does for libclip4j_search and libclip4j, which load it when a GPU is asked for:
// memory, copies, and the kernels. Tests have a table of their own, which runs the kernels on the CPU.
//
// Functions return a clip4j_status and let no exception out. What they get is theirs for the call alone. Any
// number of threads may call at once; a stream is for one at a time.
namespace clip4j::cuda {

// Goes up whenever what the libraries share changes.
constexpr int32_t kLibraryVersion = 7;

struct Properties {
  char name[256];
  int64_t free_bytes;
  int32_t shared_bytes;     // that a thread block may have
  Instruction instruction;  // the fastest for many queries
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
  int32_t (*scan)(Stream* stream, const Scan* scan, ScanKernel kernel);
  int32_t (*raise)(Stream* stream, const Raise* raise);
  int32_t (*score)(Stream* stream, const Score* score);
  // Queues the preprocessing of so many pictures on somebody else's stream: a cudaStream_t, null for the
  // default one. `value_bytes` is what a value takes, 2 or 4; `shared_bytes` of a thread block's memory are
  // needed, 48 KiB at most.
  int32_t (*preprocess)(int32_t device, void* stream, const Preprocess* all, int32_t pictures,
                        int32_t value_bytes, int32_t shared_bytes);
  // Orders a stream and somebody else's: what one of them is given from now on waits for what the other has
  // been given. precede(): the other's waits; follow(): the stream's does.
  int32_t (*precede)(Stream* stream, void* other);
  int32_t (*follow)(Stream* stream, void* other);
};

}  // namespace clip4j::cuda

// Static.
extern "C" __attribute__((visibility("default"))) const clip4j::cuda::Library* clip4j_cuda_library(void);
