#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "cuda/library.h"
#include "cuda/memory.h"

namespace clip4j {

// Pinned memory, as much of a device's, and a stream that copies from the one to the other beside whatever
// else the device does. For one user at a time.
class PixelBlock {
 public:
  // Bytes that were taken: where they are written, and where the device will have them.
  struct Bytes {
    uint8_t* here;
    uint8_t* there;
  };

  PixelBlock(const cuda::Library& library, int32_t device, int64_t bytes);

  // All of it can be taken again: waits until it has been copied, and read by what it follows.
  void clear();
  // None where so many do not fit any more.
  std::optional<Bytes> take(int64_t bytes);
  // Begins to copy what was taken, which must stay as it is until clear().
  void upload();
  // What the stream, a cudaStream_t, is given from now on waits for the copy.
  void precede(void* stream);
  // What was given to the stream until now reads the block.
  void follow(void* stream);

 private:
  const cuda::Library& library_;
  const cuda::PinnedMemory here_;
  const cuda::GpuMemory there_;
  const cuda::GpuStream stream_;  // closed before its memory goes
  int64_t taken_ = 0;
};

// The blocks of a model, made when they are needed and kept: all its calls share them. Safe from any thread.
class PixelBlocks {
 public:
  static constexpr int64_t kBlockBytes = 40 << 20;  // a picture of 13 megapixels, or 44 of 640 x 480
  static constexpr int64_t kMost = 24;              // two calls with two chunks of 256 of the latter

  // Gives a block back.
  struct Return {
    PixelBlocks* blocks;
    void operator()(PixelBlock* block) const { blocks->take_back(std::unique_ptr<PixelBlock>(block)); }
  };
  using Loan = std::unique_ptr<PixelBlock, Return>;

  // Makes the first; throws what keeps it from that. The library must outlive it.
  PixelBlocks(const cuda::Library& library, int32_t device, int64_t block_bytes = kBlockBytes,
              int64_t most = kMost);

  const cuda::Library& library() const { return library_; }
  // A block with room for so many bytes, which must end before this does. None where they are more than a
  // block has, where all are lent, or where memory is short; then there will be no more blocks than now.
  Loan lend(int64_t bytes);
  // Of both kinds of memory.
  int64_t bytes() const;

 private:
  std::unique_ptr<PixelBlock> idle_or_new();
  void take_back(std::unique_ptr<PixelBlock> block);

  const cuda::Library& library_;
  const int32_t device_;
  const int64_t block_bytes_;
  mutable std::mutex mutex_;
  int64_t most_, made_ = 1;
  std::vector<std::unique_ptr<PixelBlock>> idle_;
};

}  // namespace clip4j
