#include "cuda_emulator.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <span>

#include "fiber.h"

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
      : number_(number), blocks_(blocks), shared_(shared_bytes), body_(body) {}

  void run() {
    for (int32_t thread = 0; thread < kThreads; ++thread) {
      fibers_[thread].start([this, thread] {
        Emulated machine(*this, thread);
        body_(machine);
      });
    }
    for (int32_t left = kThreads; left > 0;) {
      const int64_t before = met_;
      const int32_t left_before = left;
      for (Fiber& fiber : fibers_) {
        if (fiber.done()) continue;
        fiber.resume();
        left -= fiber.done() ? 1 : 0;
      }
      // All wait, and none for the same: a GPU would hang.
      if (met_ == before && left == left_before) std::abort();
    }
  }

  // The last of `count` to arrive calls `then`; all go on after it.
  template <typename Then>
  void meet(int32_t thread, Meeting& meeting, int32_t count, const Then& then) {
    const int64_t times = meeting.times;
    if (++meeting.arrived == count) {
      then();
      meeting.arrived = 0;
      ++meeting.times;
      ++met_;
      return;
    }
    while (meeting.times == times) fibers_[thread].stop();
  }

  int32_t number() const { return number_; }
  int32_t blocks() const { return blocks_; }
  uint8_t* shared() { return shared_.data()->bytes; }
  void sync(int32_t thread) {
    meet(thread, all_, kThreads, [] {});
  }

  void multiply(int32_t thread, const RowPart& rows, const QueryPart& columns, int32_t (&sums)[4]) {
    Warp& warp = warps_[thread / kLanes];
    const int32_t lane = thread % kLanes;
    warp.rows[lane] = rows;
    warp.columns[lane] = columns;
    warp.sums[lane] = sums;
    meet(thread, warp.meeting, kLanes, [&] { warp.multiply(); });
  }

  // The tensor cores see of shared memory what was there when the last of all threads had its fence.
  void publish() {
    if (++fences_ % kThreads == 0) published_ = shared_;
  }
  void start_product(int32_t thread, const Warpgroup::Operands& operands) {
    Group& group = groups_[thread / Warpgroup::kThreads];
    group.products.set(thread % Warpgroup::kThreads, operands);
    meet(thread, group.meeting, Warpgroup::kThreads, [&] { group.products.issue(); });
  }
  void commit_products(int32_t thread) {
    Group& group = groups_[thread / Warpgroup::kThreads];
    meet(thread, group.meeting, Warpgroup::kThreads, [&] { group.products.commit(); });
  }
  void finish_products(int32_t thread, size_t left) {
    Group& group = groups_[thread / Warpgroup::kThreads];
    meet(thread, group.meeting, Warpgroup::kThreads, [&] {
      group.products.wait(left, {published_.data()->bytes, published_.size() * sizeof(Line)});
    });
  }

 private:
  struct alignas(16) Line {
    uint8_t bytes[16];
  };

  // mma.m16n8k32 with 8-bit integers, from the PTX ISA's "Matrix fragments for mma.m16n8k32" and not from
  // topk.h.
  struct Warp {
    std::array<RowPart, kLanes> rows;
    std::array<QueryPart, kLanes> columns;
    std::array<int32_t*, kLanes> sums;
    Meeting meeting;

    void multiply() {
      int8_t a[16][32];
      Columns b[32];
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
      Columns products[16]{};
      for (int row = 0; row < 16; ++row) {
        for (int k = 0; k < 32; ++k) products[row] += a[row][k] * b[k];
      }
      for (int lane = 0; lane < kLanes; ++lane) {
        const int group = lane >> 2, in_group = lane % 4;
        for (int i = 0; i < 4; ++i) {
          const int row = i < 2 ? group : group + 8, column = in_group * 2 + (i & 1);
          sums[lane][i] = static_cast<int32_t>(static_cast<uint32_t>(sums[lane][i]) +
                                               static_cast<uint32_t>(products[row][column]));
        }
      }
    }
  };

  struct Group {
    Warpgroup products;
    Meeting meeting;
  };

  // Those of this thread of the CPU, for one block after another.
  static std::span<Fiber> fibers() {
    thread_local std::vector<Fiber> fibers(kThreads);
    return fibers;
  }

  const int32_t number_, blocks_;
  std::vector<Line> shared_, published_;
  const std::function<void(Emulated&)>& body_;
  const std::span<Fiber> fibers_ = fibers();
  int64_t met_ = 0;
  Meeting all_;
  std::array<Warp, kWarps> warps_;
  std::array<Group, kThreads / Warpgroup::kThreads> groups_;
  int64_t fences_ = 0;
};

int32_t Emulated::block() const { return block_.number(); }
int32_t Emulated::blocks() const { return block_.blocks(); }
uint8_t* Emulated::shared() const { return block_.shared(); }
void Emulated::sync() { block_.sync(thread_); }
void Emulated::finish(int64_t left) {
  const auto done =
      std::ranges::find_if(copies_, [&](const Copy& copy) { return copy.group >= commits_ - left; });
  std::for_each(copies_.begin(), done,
                [](const Copy& copy) { std::memcpy(copy.to, copy.from, sizeof(RowPart)); });
  copies_.erase(copies_.begin(), done);
}
void Emulated::multiply(const RowPart& rows, const QueryPart& columns, int32_t (&sums)[4]) {
  block_.multiply(thread_, rows, columns, sums);
}
void Emulated::publish() { block_.publish(); }
void Emulated::start_product(const Warpgroup::Operands& operands) { block_.start_product(thread_, operands); }
void Emulated::commit_products() { block_.commit_products(thread_); }
void Emulated::finish_products(size_t left) { block_.finish_products(thread_, left); }

void emulate(int32_t blocks, int64_t shared_bytes, const std::function<void(Emulated&)>& body) {
  for (int32_t block = 0; block < blocks; ++block) {
    EmulatedBlock(block, blocks, (shared_bytes + 15) / 16, body).run();
  }
}

}  // namespace clip4j::cuda::test
