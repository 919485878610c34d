#include "image_testing.h"

namespace clip4j::image {
namespace {

clip4j_status status_of(const File& file) {
  return failure_of([&] { decode_file(file); }).status;
}

void add_chunk(File& png, std::string_view type, const File& body) {
  insert(png, png.size(), {0, 0, 0, static_cast<uint8_t>(body.size())});
  png.insert(png.end(), type.begin(), type.end());
  insert(png, png.size(), body);
  png.insert(png.end(), 4, 0);
  correct_checksums(png);
}

// A grey picture whose rows, with the filter before each, are stored. `key` is the transparent colour.
File grey_png(uint8_t width, uint8_t height, uint8_t depth, bool interlaced, const File& rows,
              const File& key = {}) {
  File png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  add_chunk(png, "IHDR", {0, 0, 0, width, 0, 0, 0, height, depth, 0, 0, 0, interlaced});
  if (!key.empty()) add_chunk(png, "tRNS", key);
  const auto size = static_cast<uint8_t>(rows.size());
  File stored = {0x78, 1, 1, size, 0, static_cast<uint8_t>(~size), 0xff};
  insert(stored, stored.size(), rows);
  stored.insert(stored.end(), 4, 0);  // in place of Adler's checksum, which nobody reads
  add_chunk(png, "IDAT", stored);
  add_chunk(png, "IEND", {});
  return png;
}

TEST(Png, AWrongChecksumIsDamageWhereItCounts) {
  int counting = 0, idle = 0;
  for (const std::string name : {"palette_alpha.png", "warnings.png"}) {
    const File whole = load(name);
    const ByteReader reader(whole);
    for (size_t at = 8; at < whole.size(); at += 12 + reader.u32(at)) {
      File file = whole;
      file[at + 8 + reader.u32(at)] ^= 1;
      const bool counts = (whole[at + 4] & 0x20) == 0 || reader.has(at + 4, "tRNS");
      EXPECT_EQ(status_of(file), counts ? CLIP4J_CORRUPT : CLIP4J_OK) << name << ", chunk at " << at;
      ++(counts ? counting : idle);
    }
  }
  EXPECT_GE(counting, 8);
  EXPECT_GE(idle, 1);
}

TEST(Png, HasOnePalette) {
  File file = load("palette.png");
  const size_t at = position(file, "PLTE") - 4;
  insert(file, at, File(&file[at], &file[at + 12 + ByteReader(file).u32(at)]));
  EXPECT_EQ(status_of(file), CLIP4J_CORRUPT);
}

// Some of the seven passes have no pixel.
TEST(Png, InterlacesSmallPictures) {
  struct Pass {
    int x, y, across, down;
  };
  constexpr Pass kPasses[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                              {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  const auto grey = [](int x, int y) { return static_cast<uint8_t>(16 * y + x); };
  for (uint8_t width = 1; width <= 9; ++width) {
    for (uint8_t height = 1; height <= 9; ++height) {
      File rows, expected;
      for (const Pass& pass : kPasses) {
        for (int y = pass.y; pass.x < width && y < height; y += pass.down) {
          rows.push_back(0);
          for (int x = pass.x; x < width; x += pass.across) rows.push_back(grey(x, y));
        }
      }
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) expected.insert(expected.end(), 3, grey(x, y));
      }
      const File file = grey_png(width, height, 8, true, rows);
      Pixels picture;
      ASSERT_NO_THROW(picture = decode_file(file)) << int{width} << " x " << int{height};
      EXPECT_EQ(picture.rgb, expected) << int{width} << " x " << int{height};
    }
  }
}

TEST(Png, AKeyOf16BitsIsComparedWhole) {
  clip4j_preprocessing options = preprocessing();
  options.background = 0xffffff;
  const File file = grey_png(2, 1, 16, false, {0, 0x12, 0x34, 0x12, 0x35}, {0x12, 0x34});
  EXPECT_EQ(decode_file(file, options).rgb, (File{255, 255, 255, 0x12, 0x12, 0x12}));
}

TEST(Png, StoredBytesAreAsManyAsTheySay) {
  const File whole = grey_png(2, 1, 8, false, {0, 1, 2});
  EXPECT_EQ(decode_file(whole).rgb, (File{1, 1, 1, 2, 2, 2}));
  const size_t length = position(whole, "IDAT") + 7;
  File twofold = whole;  // the second time each bit should be the other
  twofold[length + 2] ^= 1;
  correct_checksums(twofold);
  EXPECT_EQ(status_of(twofold), CLIP4J_CORRUPT);
  File beyond = whole;
  beyond[length + 1] ^= 1;
  beyond[length + 3] ^= 1;
  correct_checksums(beyond);
  EXPECT_EQ(status_of(beyond), CLIP4J_CORRUPT);
}

}  // namespace
}  // namespace clip4j::image
