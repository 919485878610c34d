#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>
#include <numbers>
#include <random>

#include "image/jpeg/kernels.h"
#include "image/jpeg/picture.h"
#include "image_testing.h"

namespace {

// Of this thread, in bytes.
thread_local size_t largest_request = 0;

}  // namespace

// Where GCC inlines one of these alone, it takes the other for a mistake.
[[gnu::noinline]] void* operator new(size_t size) {
  largest_request = std::max(largest_request, size);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace clip4j::image {
namespace {

using Block = std::array<int16_t, 64>;

uint8_t marker(const File& segment) { return segment[1]; }

// By the definition, in float64.
double sample(const Block& coefficients, int x, int y) {
  double sum = 0;
  for (int v = 0; v < 8; ++v) {
    for (int u = 0; u < 8; ++u) {
      const double scale =
          (u == 0 ? std::numbers::sqrt2 / 2 : 1) * (v == 0 ? std::numbers::sqrt2 / 2 : 1) / 4;
      sum += scale * coefficients[static_cast<size_t>(8 * v + u)] *
             std::cos((2 * x + 1) * u * std::numbers::pi / 16) *
             std::cos((2 * y + 1) * v * std::numbers::pi / 16);
    }
  }
  return std::clamp(sum + 128, 0.0, 255.0);
}

TEST(Jpeg, InverseDctIsWithinOneOfTheDefinition) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> value(-200, 200);
  Block steps;
  steps.fill(1);
  for (int round = 0; round < 100; ++round) {
    Block block{};
    for (size_t i = 0; i < 64; i += 1 + random() % 9) block[i] = static_cast<int16_t>(value(random));
    const Block given = block;
    uint8_t out[64];
    kScalarJpeg.inverse_dct(block.data(), steps.data(), out, 8);
    EXPECT_EQ(block, Block{});
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) ASSERT_NEAR(out[8 * y + x], sample(given, x, y), 1.0);
    }
  }
}

TEST(Jpeg, KernelsAgree) {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "no AVX2 here";
  std::mt19937 random(2);
  for (int round = 0; round < 2000; ++round) {
    Block scalar{}, steps;
    const int bits = 1 + static_cast<int>(random() % 16);  // from flat to hostile
    for (size_t i = 0; i < 64; i += 1 + random() % 4)
      scalar[i] = static_cast<int16_t>(random() << (16 - bits)) >> (16 - bits);
    for (int16_t& step : steps) step = static_cast<int16_t>(random() % (round % 2 == 0 ? 4 : 65536));
    Block vector = scalar;
    uint8_t expected[8 * 20] = {}, out[8 * 20] = {};
    kScalarJpeg.inverse_dct(scalar.data(), steps.data(), expected, 20);
    kAvx2Jpeg.inverse_dct(vector.data(), steps.data(), out, 20);
    ASSERT_TRUE(std::ranges::equal(expected, out)) << round;
    ASSERT_EQ(vector, Block{});
  }
  std::vector<uint8_t> luma(1 << 16), blue(1 << 16), red(1 << 16), scalar(3 << 16), vector(3 << 16);
  for (size_t i = 0; i < luma.size(); ++i) {  // every colour, at some brightness
    luma[i] = static_cast<uint8_t>(random());
    blue[i] = static_cast<uint8_t>(i >> 8);
    red[i] = static_cast<uint8_t>(i);
  }
  for (const int width : {1, 15, 16, 17, 47, 1 << 16}) {
    kScalarJpeg.to_rgb(luma.data(), blue.data(), red.data(), width, scalar.data());
    kAvx2Jpeg.to_rgb(luma.data(), blue.data(), red.data(), width, vector.data());
    ASSERT_EQ(scalar, vector) << width;
  }
#endif
}

TEST(Jpeg, ZigzagVisitsEveryPlace) {
  std::array<uint8_t, 64> places = kZigzag;
  EXPECT_EQ(places[1], 1);
  EXPECT_EQ(places[2], 8);
  EXPECT_EQ(places[62], 62);
  std::ranges::sort(places);
  for (uint8_t i = 0; i < 64; ++i) EXPECT_EQ(places[i], i);
}

// Its header declares 65,500 x 600 pixels; there is data for a few.
TEST(Jpeg, ASmallFileGetsNoMemoryForALargePicture) {
  File file = load("420.jpg");
  const File size = {600 >> 8, 600 & 255, 65500 >> 8, 65500 & 255};
  std::ranges::copy(size, file.begin() + static_cast<ptrdiff_t>(position(file, "\xff\xc0") + 5));
  largest_request = 0;
  const Failure failure = failure_of([&] { decode_file(file); });
  EXPECT_EQ(failure.status, CLIP4J_CORRUPT);
  EXPECT_GT(largest_request, 0u);
  EXPECT_LT(largest_request, 1u << 20);
}

TEST(Jpeg, HasOneFrameHeader) {
  std::vector<File> parts = split_jpeg(load("420.jpg"));
  const auto frame = std::ranges::find(parts, 0xc0, marker);
  ASSERT_NE(frame, parts.end());
  parts.insert(frame, File(*frame));
  EXPECT_EQ(failure_of([&] { decode_file(join(parts)); }).text, "the JPEG has two frame headers");
}

TEST(Jpeg, NeedsItsQuantizationTables) {
  std::vector<File> parts = split_jpeg(load("420.jpg"));
  ASSERT_GT(std::erase_if(parts, [](const File& part) { return marker(part) == 0xdb; }), 0u);
  EXPECT_EQ(failure_of([&] { decode_file(join(parts)); }).text, "the JPEG lacks a quantization table");
}

TEST(Jpeg, ReadsQuantizationTablesOf16Bits) {
  const File narrow = load("420.jpg");
  std::vector<File> parts = split_jpeg(narrow);
  for (File& part : parts) {
    if (marker(part) != 0xdb) continue;
    File wide = {0xff, 0xdb, 0, 0};
    for (size_t i = 0; 4 + i < part.size(); ++i) {
      const bool place = i % 65 == 0;
      if (!place) wide.push_back(0);
      wide.push_back(static_cast<uint8_t>(part[4 + i] | (place ? 0x10 : 0)));
    }
    wide[2] = static_cast<uint8_t>((wide.size() - 2) >> 8);
    wide[3] = static_cast<uint8_t>(wide.size() - 2);
    part = wide;
  }
  EXPECT_NE(join(parts), narrow);
  EXPECT_EQ(decode_file(join(parts)).rgb, decode_file(narrow).rgb);
}

TEST(Jpeg, GoesOverAMarkerWithoutASegment) {
  const File whole = load("420.jpg");
  std::vector<File> parts = split_jpeg(whole);
  parts.insert(parts.begin() + 1, {0xff, 0x01});
  EXPECT_EQ(decode_file(join(parts)).rgb, decode_file(whole).rgb);
}

TEST(Jpeg, RestartsInTurnAndWithNothingLeftOver) {
  const File whole = load("restarts.jpg");
  const size_t first = position(whole, "\xff\xd0"), second = position(whole, "\xff\xd1");
  ASSERT_LT(first, second);
  const auto status = [](const File& file) { return failure_of([&] { decode_file(file); }).status; };
  File swapped = whole;
  std::swap(swapped[first + 1], swapped[second + 1]);
  EXPECT_EQ(status(swapped), CLIP4J_CORRUPT);
  File more = whole;
  insert(more, first, {0x55});
  EXPECT_EQ(status(more), CLIP4J_CORRUPT);
}

}  // namespace
}  // namespace clip4j::image
