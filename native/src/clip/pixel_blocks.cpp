#include "clip/pixel_blocks.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "cuda/loader.h"

namespace clip4j {

PixelBlock::PixelBlock(const cuda::Library& library, int32_t device, int64_t bytes)
    : library_(library), here_(library, bytes), there_(library, device, bytes), stream_(library, device) {}

void PixelBlock::clear() {
  check(library_, library_.wait(stream_.get()));
  taken_ = 0;
}

std::optional<PixelBlock::Bytes> PixelBlock::take(int64_t bytes) {
  if (bytes > here_.bytes() - taken_) return std::nullopt;
  const Bytes taken{here_.data() + taken_, there_.at<uint8_t>(taken_)};
  taken_ += cuda::aligned(bytes);
  return taken;
}

void PixelBlock::upload() {
  check(library_,
        library_.upload(stream_.get(), there_.at<void>(0), here_.data(), std::min(taken_, here_.bytes())));
}

void PixelBlock::precede(void* stream) { check(library_, library_.precede(stream_.get(), stream)); }

void PixelBlock::follow(void* stream) { check(library_, library_.follow(stream_.get(), stream)); }

PixelBlocks::PixelBlocks(const cuda::Library& library, int32_t device, int64_t block_bytes, int64_t most)
    : library_(library), device_(device), block_bytes_(block_bytes), most_(most) {
  idle_.reserve(static_cast<size_t>(most));
  idle_.push_back(std::make_unique<PixelBlock>(library, device, block_bytes));
}

PixelBlocks::Loan PixelBlocks::lend(int64_t bytes) {
  Loan loan(nullptr, Return{this});
  if (bytes <= block_bytes_) loan.reset(idle_or_new().release());
  if (loan) loan->clear();
  return loan;
}

int64_t PixelBlocks::bytes() const {
  const std::lock_guard lock(mutex_);
  return 2 * made_ * block_bytes_;
}

std::unique_ptr<PixelBlock> PixelBlocks::idle_or_new() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<PixelBlock> block = std::move(idle_.back());
      idle_.pop_back();
      return block;
    }
    if (made_ >= most_) return nullptr;
    ++made_;
  }
  // Not under the lock: pinning memory takes its time.
  try {
    return std::make_unique<PixelBlock>(library_, device_, block_bytes_);
  } catch (const std::exception& e) {
    const std::lock_guard lock(mutex_);
    --made_;
    const auto* error = dynamic_cast<const Error*>(&e);
    if (error == nullptr || error->status() != CLIP4J_OUT_OF_MEMORY) throw;
    most_ = made_;
    return nullptr;
  }
}

void PixelBlocks::take_back(std::unique_ptr<PixelBlock> block) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(block));
}

}  // namespace clip4j
