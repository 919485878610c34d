#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "cuda/topk.h"
#include "cuda/topk_library.h"

// Runs the kernels of src/cuda on the CPU: each thread of a thread block on a stack of its own, in turns that change
// where threads wait for each other. It does what NVIDIA's documents say of each instruction, copies as late as they
// allow, so that a wait that is missing shows.
namespace clip4j::cuda::test {

class EmulatedBlock;

// The Machine of one thread; see machine.cuh.
class Emulated {
 public:
  Emulated(EmulatedBlock& block, int32_t thread) : block_(block), thread_(thread) {}

  int32_t thread() const { return thread_; }
  int32_t block() const;
  int32_t blocks() const;
  uint8_t* shared() const;
  void sync();
  int32_t add(int32_t* to, int32_t value) const {
    const int32_t before = *to;
    *to += value;
    return before;
  }
  void copy(void* shared, const void* global) { open_.push_back({shared, global}); }
  void commit();
  template <int kLeft>
  void wait() {
    finish(kLeft);
  }
  void multiply(const RowPart& rows, const QueryPart& columns, int32_t (&sums)[4]);

 private:
  struct Copy {
    void* to;
    const void* from;
  };
  void finish(size_t left);

  EmulatedBlock& block_;
  int32_t thread_;
  std::vector<Copy> open_;
  std::deque<std::vector<Copy>> committed_;
};

// Runs `body` on all threads of all thread blocks, one block after another.
void emulate(int32_t blocks, int64_t shared_bytes, const std::function<void(Emulated&)>& body);

// A GPU that is none: its kernels are emulated, its memory is the CPU's. `shared_bytes` is what a thread block may have.
const Library& emulated_library();

// What the next searches find: `free_bytes` of memory, and a failure of the call after so many (-1: none).
struct Settings {
  int64_t free_bytes = int64_t{1} << 30;
  int32_t shared_bytes = 227 << 10;
  int32_t fail_after = -1;
  // How often what was called.
  int64_t uploaded = 0, scans = 0, allocated = 0;
};
Settings& settings();

}  // namespace clip4j::cuda::test
