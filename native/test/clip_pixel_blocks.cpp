// Blocks of pixels on their way to a device that is emulated: it copies as late as the order of its streams
// allows, and counts what was not ordered.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "clip/pixel_blocks.h"
#include "clip_gpu_fixture.h"
#include "emulated_library.h"
#include "emulated_memory.h"

namespace clip4j::test {
namespace {

using cuda::test::emulated_library;
using cuda::test::settings;

constexpr int64_t kBytes = 1000;

int32_t nothing(cuda::Stream*, void*) { return CLIP4J_OK; }

class ClipPixelBlocks : public ClipGpuTest {
 protected:
  // One that has begun to copy so many of this byte.
  static PixelBlock::Bytes send(PixelBlock& block, uint8_t byte, int64_t bytes = kBytes) {
    const PixelBlock::Bytes sent = block.take(bytes).value();
    std::fill_n(sent.here, bytes, byte);
    block.upload();
    return sent;
  }
};

TEST_F(ClipPixelBlocks, AreThereForWhatTheyPrecede) {
  PixelBlocks blocks(emulated_library(), 0, kBytes, 1);
  const PixelBlocks::Loan block = blocks.lend(kBytes);
  const PixelBlock::Bytes sent = send(*block, 7);
  EXPECT_EQ(std::count(sent.there, sent.there + kBytes, 7), 0);
  block->precede(nullptr);
  EXPECT_EQ(std::count(sent.there, sent.there + kBytes, 7), kBytes);
}

TEST_F(ClipPixelBlocks, HaveRoomForWhatTheyAreMadeFor) {
  PixelBlocks blocks(emulated_library(), 0, kBytes, 2);
  EXPECT_FALSE(blocks.lend(kBytes + 1));
  EXPECT_EQ(blocks.bytes(), 2 * kBytes);
  PixelBlocks::Loan one = blocks.lend(kBytes), two = blocks.lend(1);
  ASSERT_TRUE(one && two);
  EXPECT_FALSE(blocks.lend(1));
  EXPECT_EQ(blocks.bytes(), 4 * kBytes);

  const auto first = one->take(1), second = one->take(500);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->here - first->here, second->there - first->there);
  EXPECT_EQ((second->there - first->there) % 256, 0);
  EXPECT_FALSE(one->take(500));
  EXPECT_TRUE(one->take(kBytes - 256 - 512));
  EXPECT_FALSE(one->take(1));
  one.reset();
  one = blocks.lend(kBytes);
  EXPECT_TRUE(one && one->take(kBytes));
}

// As after a batch that failed: a copy that nothing has waited for.
TEST_F(ClipPixelBlocks, AreNotWrittenToBeforeTheyAreCopied) {
  cuda::Library careless = emulated_library();
  careless.wait = [](cuda::Stream*) { return int32_t{CLIP4J_OK}; };
  for (const cuda::Library& library : {std::as_const(careless), emulated_library()}) {
    PixelBlocks blocks(library, 0, kBytes, 1);
    settings().disorder = 0;
    send(*blocks.lend(1), 7);
    const PixelBlocks::Loan again = blocks.lend(1);
    const PixelBlock::Bytes sent = send(*again, 8);
    again->precede(nullptr);
    EXPECT_EQ(std::count(sent.there, sent.there + kBytes, 8), kBytes);
    EXPECT_EQ(settings().disorder, library.wait == careless.wait ? 1 : 0);
  }
}

TEST_F(ClipPixelBlocks, AreNotCopiedBeforeAKernelHasReadThem) {
  cuda::Library careless = emulated_library();
  careless.follow = nothing;
  for (const cuda::Library& library : {std::as_const(careless), emulated_library()}) {
    PixelBlocks blocks(library, 0, kBytes, 1);
    settings().disorder = 0;
    for (int again = 0; again < 2; ++again) {
      const PixelBlocks::Loan block = blocks.lend(1);
      const PixelBlock::Bytes sent = send(*block, 7);
      block->precede(nullptr);
      cuda::test::note_reading(sent.there + kBytes / 2);
      block->follow(nullptr);
    }
    EXPECT_EQ(settings().disorder, library.follow == nothing ? 1 : 0);
  }
}

TEST_F(ClipPixelBlocks, AreNoMoreWhereMemoryIsShort) {
  for (const int32_t after : {0, 1, 2}) {  // pinned, the device's, the stream
    PixelBlocks blocks(emulated_library(), 0, kBytes, 3);
    PixelBlocks::Loan one = blocks.lend(1);
    settings().fail_after = after;
    EXPECT_THROW(PixelBlocks(emulated_library(), 0, kBytes, 3), Error) << after;
    settings().fail_after = after;
    EXPECT_FALSE(blocks.lend(1)) << after;
    settings().fail_after = -1;
    EXPECT_FALSE(blocks.lend(1)) << after;
    one.reset();
    EXPECT_TRUE(blocks.lend(1)) << after;
    EXPECT_EQ(blocks.bytes(), 2 * kBytes);
  }
}

TEST_F(ClipPixelBlocks, SayWhatElseFailed) {
  static bool is_broken;
  is_broken = false;
  cuda::Library library = emulated_library();
  library.allocate = [](int32_t device, int64_t bytes, void** memory) {
    return is_broken ? int32_t{CLIP4J_INTERNAL} : emulated_library().allocate(device, bytes, memory);
  };
  PixelBlocks blocks(library, 0, kBytes, 2);
  PixelBlocks::Loan block = blocks.lend(1);
  is_broken = true;
  EXPECT_THROW(blocks.lend(1), Error);

  const auto fails = [&](auto call) {
    settings().fail_after = 0;
    EXPECT_THROW(call(), Error);
    EXPECT_EQ(settings().fail_after, -1);
  };
  fails([&] { send(*block, 7); });
  fails([&] { block->precede(nullptr); });
  fails([&] { block->follow(nullptr); });
  block.reset();
  fails([&] { blocks.lend(1); });
  EXPECT_TRUE(blocks.lend(1));  // it has come back all the same
}

}  // namespace
}  // namespace clip4j::test
