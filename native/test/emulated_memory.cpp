#include "emulated_memory.h"

#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "clip4j_status.h"
#include "emulated_library.h"

namespace clip4j::cuda::test {
namespace {

struct Memory {
  int64_t bytes;
  bool pinned;
  int64_t read = 0;  // the last kernel of somebody else's stream that did
};

struct Copy {
  void* to;
  const void* from;
  std::vector<uint8_t> bytes;  // as they were when it was asked for
};

struct EmulatedStream {
  std::vector<Copy> copies;
  int64_t followed = 0;  // kernels of somebody else's stream

  void finish() {
    for (const Copy& copy : copies) {
      if (std::memcmp(copy.from, copy.bytes.data(), copy.bytes.size()) != 0) ++settings().disorder;
      std::memcpy(copy.to, copy.from, copy.bytes.size());
    }
    copies.clear();
  }
};

// Guards what follows and the settings.
std::mutex mutex;
std::map<const uint8_t*, Memory> memories;
std::set<EmulatedStream*> streams;
int64_t kernels = 0;

EmulatedStream& emulated(Stream* stream) { return *reinterpret_cast<EmulatedStream*>(stream); }

// Null for what lies in none.
Memory* find(const void* address) {
  const auto* byte = static_cast<const uint8_t*>(address);
  const auto next = memories.upper_bound(byte);
  if (next == memories.begin()) return nullptr;
  const auto at = std::prev(next);
  return byte < at->first + at->second.bytes ? &at->second : nullptr;
}

int32_t answer_locked() {
  int32_t& left = settings().fail_after;
  if (left < 0 || left-- > 0) return CLIP4J_OK;
  return CLIP4J_OUT_OF_MEMORY;
}

int32_t allocate_any(int64_t bytes, bool pinned, void** memory) {
  const std::lock_guard lock(mutex);
  const int32_t status = answer_locked();
  if (status != CLIP4J_OK) return status;
  // Nothing is zero by itself.
  *memory = std::aligned_alloc(256, static_cast<size_t>((bytes + 255) / 256 * 256));
  std::memset(*memory, 0xA5, static_cast<size_t>(bytes));
  memories[static_cast<uint8_t*>(*memory)] = {bytes, pinned};
  ++settings().allocated;
  return CLIP4J_OK;
}

}  // namespace

int32_t answer() {
  const std::lock_guard lock(mutex);
  return answer_locked();
}

int32_t allocate(int32_t, int64_t bytes, void** memory) { return allocate_any(bytes, false, memory); }
int32_t allocate_pinned(int64_t bytes, void** memory) { return allocate_any(bytes, true, memory); }

// Waits for what is under way, as CUDA does.
void release_pinned(void* memory) {
  const std::lock_guard lock(mutex);
  for (EmulatedStream* stream : streams) stream->finish();
  memories.erase(static_cast<uint8_t*>(memory));
  std::free(memory);
  --settings().allocated;
}
void release(int32_t, void* memory) { release_pinned(memory); }

int32_t open(int32_t, Stream** stream) {
  const std::lock_guard lock(mutex);
  const int32_t status = answer_locked();
  if (status != CLIP4J_OK) return status;
  auto* made = new EmulatedStream;
  streams.insert(made);
  *stream = reinterpret_cast<Stream*>(made);
  return status;
}

void close(Stream* stream) {
  const std::lock_guard lock(mutex);
  emulated(stream).finish();
  streams.erase(&emulated(stream));
  delete &emulated(stream);
}

int32_t upload(Stream* stream, void* to, const void* from, int64_t bytes) {
  const std::lock_guard lock(mutex);
  settings().uploaded += bytes;
  const Memory *there = find(to), *here = find(from);
  if (there != nullptr && there->read > emulated(stream).followed) ++settings().disorder;
  const auto* first = static_cast<const uint8_t*>(from);
  emulated(stream).copies.push_back({to, from, {first, first + bytes}});
  if (here == nullptr || !here->pinned) emulated(stream).finish();
  return answer_locked();
}

int32_t download(Stream* stream, void* to, const void* from, int64_t pitch, int64_t bytes, int64_t rows) {
  finish_copies(stream);
  for (int64_t row = 0; row < rows; ++row) {
    std::memcpy(static_cast<uint8_t*>(to) + row * bytes, static_cast<const uint8_t*>(from) + row * pitch,
                static_cast<size_t>(bytes));
  }
  return answer();
}

int32_t wait(Stream* stream) {
  finish_copies(stream);
  return answer();
}

int32_t precede(Stream* stream, void*) { return wait(stream); }

int32_t follow(Stream* stream, void*) {
  const std::lock_guard lock(mutex);
  emulated(stream).followed = kernels;
  return answer_locked();
}

void finish_copies(Stream* stream) {
  const std::lock_guard lock(mutex);
  emulated(stream).finish();
}

void note_reading(const void* memory) {
  const std::lock_guard lock(mutex);
  if (Memory* found = find(memory)) found->read = ++kernels;
}

}  // namespace clip4j::cuda::test
