#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cuda/topk.h"
#include "wgmma_emulator.h"

// Runs the kernels of src/cuda on the CPU: each thread of a thread block on a stack of its own, in turns that
// change where threads wait for each other. It does what NVIDIA's documents say of each instruction, copies
// as late as they allow, so that a wait that is missing shows.
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
  void reconverge() {}  // threads are never apart: each of a warp's instructions waits for all
  int32_t add(int32_t* to, int32_t value) const {
    const int32_t before = *to;
    *to += value;
    return before;
  }
  void copy(void* shared, const void* global) { copies_.push_back({shared, global, commits_}); }
  void commit() { ++commits_; }
  template <int kLeft>
  void wait() {
    finish(kLeft);
  }
  void multiply(const RowPart& rows, const QueryPart& columns, int32_t (&sums)[4]);

  // What a Hopper has besides; see hopper.cuh and wgmma_emulator.h.
  uint32_t shared_address(const void* at) const {
    return static_cast<uint32_t>(static_cast<const uint8_t*>(at) - shared());
  }
  void publish();
  template <int kTiles>
  void start_product(const RowPart& rows, uint64_t columns, int32_t (&sums)[kTiles][4], bool add) {
    start_product({&rows, columns, &sums[0][0], kTiles, add});
  }
  void begin_products() {}
  void commit_products();
  template <int kLeft>
  void wait_products() {
    finish_products(size_t{kLeft});
  }
  template <int kTiles>
  void finish_products(int32_t (&)[kTiles][4]) {
    finish_products(size_t{0});
  }

 private:
  struct Copy {
    void* to;
    const void* from;
    int64_t group;  // commits before it
  };
  void finish(int64_t left);
  void start_product(const Warpgroup::Operands& operands);
  void finish_products(size_t left);

  EmulatedBlock& block_;
  int32_t thread_;
  std::vector<Copy> copies_;  // under way
  int64_t commits_ = 0;
};

// Runs `body` on all threads of all thread blocks, one block after another.
void emulate(int32_t blocks, int64_t shared_bytes, const std::function<void(Emulated&)>& body);

}  // namespace clip4j::cuda::test
