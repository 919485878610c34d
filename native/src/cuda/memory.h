#pragma once

#include <cstdint>
#include <utility>

#include "base/accounting.h"
#include "cuda/loader.h"

// Owners of what a Library gives out. The library must outlive them.
namespace clip4j::cuda {

// Offsets in memory of a GPU's: a multiple of what any access wants.
constexpr int64_t aligned(int64_t bytes) { return (bytes + 255) / 256 * 256; }

class GpuMemory {
 public:
  GpuMemory() = default;
  GpuMemory(const Library& library, int32_t device, int64_t bytes)
      : library_(&library), device_(device), bytes_(bytes) {
    check(library, library.allocate(device, bytes, &memory_));
  }
  ~GpuMemory() {
    if (memory_ != nullptr) library_->release(device_, memory_);
  }
  GpuMemory(GpuMemory&& other) noexcept { swap(other); }
  GpuMemory& operator=(GpuMemory&& other) noexcept {
    swap(other);
    return *this;
  }

  // Room for so many bytes; what was there is lost where it must grow.
  void reserve(const Library& library, int32_t device, int64_t bytes) {
    if (bytes <= bytes_) return;
    *this = GpuMemory();
    *this = GpuMemory(library, device, bytes);
  }
  template <typename T>
  T* at(int64_t offset) const {
    return reinterpret_cast<T*>(static_cast<uint8_t*>(memory_) + offset);
  }
  int64_t bytes() const { return bytes_; }

 private:
  void swap(GpuMemory& other) {
    std::swap(library_, other.library_);
    std::swap(device_, other.device_);
    std::swap(bytes_, other.bytes_);
    std::swap(memory_, other.memory_);
  }

  const Library* library_ = nullptr;
  int32_t device_ = 0;
  int64_t bytes_ = 0;
  void* memory_ = nullptr;
};

class GpuStream {
 public:
  GpuStream(const Library& library, int32_t device) : library_(library) {
    check(library, library.open(device, &stream_));
  }
  ~GpuStream() { library_.close(stream_); }
  GpuStream(const GpuStream&) = delete;
  GpuStream& operator=(const GpuStream&) = delete;

  Stream* get() const { return stream_; }

 private:
  const Library& library_;
  Stream* stream_ = nullptr;
};

class PinnedMemory {
 public:
  PinnedMemory() = default;
  PinnedMemory(const Library& library, int64_t bytes) : library_(&library) {
    check(library, library.allocate_pinned(bytes, &memory_));
    counted_ = CountedBytes(bytes);
  }
  ~PinnedMemory() {
    if (memory_ != nullptr) library_->release_pinned(memory_);
  }
  PinnedMemory(PinnedMemory&& other) noexcept { *this = std::move(other); }
  PinnedMemory& operator=(PinnedMemory&& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(memory_, other.memory_);
    counted_ = std::move(other.counted_);
    return *this;
  }

  uint8_t* data() const { return static_cast<uint8_t*>(memory_); }
  int64_t bytes() const { return counted_.bytes(); }

 private:
  const Library* library_ = nullptr;
  void* memory_ = nullptr;
  CountedBytes counted_;
};

}  // namespace clip4j::cuda
