#include "cuda_emulator.h"

#include <ucontext.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace clip4j::cuda::test {

// Threads of a block wait for each other: all of them, or those of a warp or a warpgroup.
struct Meeting {
  int32_t arrived = 0;
  int64_t times = 0;
};

class EmulatedBlock {
 public:
  EmulatedBlock(int32_t number, int32_t blocks, int64_t shared_bytes,
                const std::function<void(Emulated&)>& body)
      : number_(number), blocks_(blocks), shared_(shared_bytes), body_(body), fibers_(kThreads) {}

  void run() {
    current_block = this;
    for (Fiber& fiber : fibers_) prepare(fiber);
    for (int32_t left = kThreads; left > 0;) {
      const int64_t before = met_;
      const int32_t left_before = left;
      for (current_ = 0; current_ < kThreads; ++current_) {
        if (fibers_[current_].done) continue;
        swapcontext(&scheduler_, &fibers_[current_].context);
        left -= fibers_[current_].done ? 1 : 0;
      }
      // All wait, and none for the same: a GPU would hang.
      if (met_ == before && left == left_before) std::abort();
    }
  }

  // The last of `count` to arrive calls `then`; all go on after it.
  template <typename Then>
  void meet(Meeting& meeting, int32_t count, const Then& then) {
    const int64_t times = meeting.times;
    if (++meeting.arrived == count) {
      then();
      meeting.arrived = 0;
      ++meeting.times;
      ++met_;
      return;
    }
    while (meeting.times == times) {
      const int32_t self = current_;
      swapcontext(&fibers_[self].context, &scheduler_);
    }
  }

  int32_t number() const { return number_; }
  int32_t blocks() const { return blocks_; }
  uint8_t* shared() { return shared_.data()->bytes; }
  void sync() {
    meet(all_, kThreads, [] {});
  }

  void multiply(int32_t thread, const RowPart& rows, const QueryPart& columns, int32_t (&sums)[4]) {
    Warp& warp = warps_[thread / kLanes];
    const int32_t lane = thread % kLanes;
    warp.rows[lane] = rows;
    warp.columns[lane] = columns;
    warp.sums[lane] = sums;
    meet(warp.meeting, kLanes, [&] { warp.multiply(); });
  }

  // The tensor cores see of shared memory what was there when the last of all threads had its fence.
  void publish() {
    if (++fences_ % kThreads == 0) published_ = shared_;
  }
  void start_product(int32_t thread, const Warpgroup::Operands& operands) {
    Group& group = groups_[thread / Warpgroup::kThreads];
    group.products.set(thread % Warpgroup::kThreads, operands);
    meet(group.meeting, Warpgroup::kThreads, [&] { group.products.issue(); });
  }
  void finish_products(int32_t thread, size_t left) {
    Group& group = groups_[thread / Warpgroup::kThreads];
    meet(group.meeting, Warpgroup::kThreads, [&] {
      group.products.wait(left, {published_.data()->bytes, published_.size() * sizeof(Line)});
    });
  }

 private:
  static constexpr int64_t kStack = 64 << 10;

  struct alignas(16) Line {
    uint8_t bytes[16];
  };
  struct Fiber {
    ucontext_t context;
    bool done = false;
  };

  // mma.m16n8k32 with 8-bit integers, from the PTX ISA's "Matrix fragments for mma.m16n8k32" and not from
  // topk.h.
  struct Warp {
    std::array<RowPart, kLanes> rows;
    std::array<QueryPart, kLanes> columns;
    std::array<int32_t*, kLanes> sums;
    Meeting meeting;

    void multiply() {
      int8_t a[16][32], b[32][8];
      for (int lane = 0; lane < kLanes; ++lane) {
        const int group = lane >> 2, in_group = lane % 4;
        for (int i = 0; i < 16; ++i) {
          const int row = i < 4 || (i >= 8 && i < 12) ? group : group + 8;
          const int column = in_group * 4 + (i & 3) + (i < 8 ? 0 : 16);
          a[row][column] = static_cast<int8_t>(rows[lane].words[i / 4] >> (i % 4 * 8));
        }
        for (int i = 0; i < 8; ++i) {
          const int row = in_group * 4 + (i & 3) + (i < 4 ? 0 : 16);
          b[row][group] = static_cast<int8_t>(columns[lane].words[i / 4] >> (i % 4 * 8));
        }
      }
      for (int lane = 0; lane < kLanes; ++lane) {
        const int group = lane >> 2, in_group = lane % 4;
        for (int i = 0; i < 4; ++i) {
          const int row = i < 2 ? group : group + 8, column = in_group * 2 + (i & 1);
          auto sum = static_cast<uint32_t>(sums[lane][i]);
          for (int k = 0; k < 32; ++k) sum += static_cast<uint32_t>(a[row][k] * b[k][column]);
          sums[lane][i] = static_cast<int32_t>(sum);
        }
      }
    }
  };

  struct Group {
    Warpgroup products;
    Meeting meeting;
  };

  void prepare(Fiber& fiber) {
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stacks() + (&fiber - fibers_.data()) * kStack;
    fiber.context.uc_stack.ss_size = kStack;
    fiber.context.uc_link = &scheduler_;
    makecontext(&fiber.context, &EmulatedBlock::enter, 0);
  }

  // Of all fibers of a block, for one block after another of this thread.
  static std::byte* stacks() {
    thread_local const auto stacks = std::make_unique_for_overwrite<std::byte[]>(kThreads * kStack);
    return stacks.get();
  }

  static void enter() {
    EmulatedBlock& block = *current_block;
    const int32_t self = block.current_;
    {
      Emulated machine(block, self);
      block.body_(machine);
    }
    block.fibers_[self].done = true;
  }

  static thread_local EmulatedBlock* current_block;

  const int32_t number_, blocks_;
  std::vector<Line> shared_, published_;
  const std::function<void(Emulated&)>& body_;
  std::vector<Fiber> fibers_;
  ucontext_t scheduler_{};
  int32_t current_ = 0;
  int64_t met_ = 0;
  Meeting all_;
  std::array<Warp, kWarps> warps_;
  std::array<Group, kThreads / Warpgroup::kThreads> groups_;
  int64_t fences_ = 0;
};

thread_local EmulatedBlock* EmulatedBlock::current_block;

int32_t Emulated::block() const { return block_.number(); }
int32_t Emulated::blocks() const { return block_.blocks(); }
uint8_t* Emulated::shared() const { return block_.shared(); }
void Emulated::sync() { block_.sync(); }
void Emulated::commit() {
  committed_.push_back(std::move(open_));
  open_.clear();
}
void Emulated::finish(size_t left) {
  for (; committed_.size() > left; committed_.pop_front()) {
    for (const Copy& copy : committed_.front()) std::memcpy(copy.to, copy.from, sizeof(RowPart));
  }
}
void Emulated::multiply(const RowPart& rows, const QueryPart& columns, int32_t (&sums)[4]) {
  block_.multiply(thread_, rows, columns, sums);
}
void Emulated::publish() { block_.publish(); }
void Emulated::start_product(const Warpgroup::Operands& operands) { block_.start_product(thread_, operands); }
void Emulated::finish_products(size_t left) { block_.finish_products(thread_, left); }

void emulate(int32_t blocks, int64_t shared_bytes, const std::function<void(Emulated&)>& body) {
  for (int32_t block = 0; block < blocks; ++block) {
    EmulatedBlock(block, blocks, (shared_bytes + 15) / 16, body).run();
  }
}

}  // namespace clip4j::cuda::test
