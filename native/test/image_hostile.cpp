#include <sys/stat.h>

#include <fstream>
#include <random>
#include <string>

#include "image/file.h"
#include "image_testing.h"

// Nothing that a file may hold crashes, hangs, prints, or becomes a picture that is not in the file. The
// sanitizer builds run these too.
namespace clip4j::image {
namespace {

constexpr uintmax_t kSmall = 3000;

TEST(Hostile, EmptyIsCorrupt) {
  const Failure failure = failure_of([] { decode_file({}); });
  EXPECT_EQ(failure.status, CLIP4J_CORRUPT);
  EXPECT_EQ(failure.text, "the file is empty");
}

TEST(Hostile, TruncatedAnywhereIsRefusedOrWhole) {
  StderrCapture errors;
  for (const std::string& name : picture_names(kSmall)) {
    const File whole = load(name);
    const Pixels expected = decode_file(whole);
    for (size_t length = 0; length < whole.size(); ++length) {
      const File part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
      Pixels picture;
      const Failure failure = failure_of([&] { picture = decode_file(part); });
      if (failure.status == CLIP4J_OK) {
        ASSERT_EQ(picture.rgb, expected.rgb) << name << " of " << length << " bytes";
      } else {
        ASSERT_TRUE(failure.status == CLIP4J_CORRUPT || (length < 12 && failure.status == CLIP4J_UNSUPPORTED))
            << name << " of " << length << " bytes: " << failure.text;
      }
    }
  }
  EXPECT_EQ(errors.text(), "");
}

TEST(Hostile, JpegNeedsAllItsData) {
  StderrCapture errors;
  for (const std::string name : {"420.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg", "cmyk.jpg"}) {
    const File whole = load(name);
    for (size_t length = 2; length + 2 < whole.size(); ++length) {
      File part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
      part.insert(part.end(), {0xff, 0xd9});  // as if it ended well
      ASSERT_EQ(failure_of([&] { decode_file(part); }).status, CLIP4J_CORRUPT) << name << " of " << length;
    }
  }
  EXPECT_EQ(errors.text(), "");
}

TEST(Hostile, ChangedBytesDoNoHarm) {
  StderrCapture errors;
  std::mt19937 random(1);
  for (const std::string& name : picture_names(kSmall)) {
    File file = load(name);
    for (size_t at = 0; at < file.size(); ++at) {
      const uint8_t original = file[at];
      for (const int change : {0x01, 0x80, 0xff, static_cast<int>(1 + random() % 255)}) {
        if (at > 200 && change != 0x80) continue;
        file[at] = static_cast<uint8_t>(original ^ change);
        failure_of([&] { decode_file(file); });
      }
      file[at] = original;
    }
  }
  EXPECT_EQ(errors.text(), "");
}

// A PNG's checksums hide its decoder from the test above.
TEST(Hostile, ChangedBytesBehindRightChecksumsDoNoHarm) {
  StderrCapture errors;
  std::mt19937 random(2);
  for (const std::string& name : picture_names(kSmall)) {
    if (!name.ends_with(".png")) continue;
    const File original = load(name);
    for (int round = 0; round < 1000; ++round) {
      File file = original;
      for (uint32_t changes = 1 + random() % 3; changes > 0; --changes) {
        file[8 + random() % (file.size() - 8)] = static_cast<uint8_t>(random());
      }
      correct_checksums(file);
      failure_of([&] { decode_file(file); });
    }
  }
  EXPECT_EQ(errors.text(), "");
}

TEST(Hostile, AHugeHeaderTakesNoMemory) {
  File png = load("rgb.png");
  for (size_t i = 0; i < 2; ++i) {
    png[16 + 4 * i] = 0;
    png[17 + 4 * i] = 1;
    png[18 + 4 * i] = 0x86;
    png[19 + 4 * i] = 0xa0;
  }
  correct_checksums(png);
  const Failure failure = failure_of([&] { decode_file(png); });
  EXPECT_EQ(failure.status, CLIP4J_TOO_LARGE);
  EXPECT_EQ(failure.text, "100000 x 100000 pixels, more than the 40000000 that are allowed");
}

// A progressive JPEG of 8 x 8 pixels that sends each coefficient in a scan of its own.
File jpeg_of_many_scans(uint8_t components) {
  File file = {0xff, 0xd8, 0xff, 0xdb, 0, 67, 0};
  file.insert(file.end(), 64, 1);
  file.insert(file.end(),
              {0xff, 0xc2, 0, static_cast<uint8_t>(8 + 3 * components), 8, 0, 8, 0, 8, components});
  for (uint8_t i = 0; i < components; ++i) file.insert(file.end(), {i, 0x11, 0});
  for (const uint8_t table : {0x00, 0x10}) {  // one symbol, 0, whose code is one bit, 0
    file.insert(file.end(), {0xff, 0xc4, 0, 20, table, 1});
    file.insert(file.end(), 16, 0);
  }
  for (uint8_t i = 0; i < components; ++i) {
    for (uint8_t k = 0; k < 64; ++k) file.insert(file.end(), {0xff, 0xda, 0, 8, 1, i, 0, k, k, 0, 0x7f});
  }
  file.insert(file.end(), {0xff, 0xd9});
  return file;
}

TEST(Hostile, AJpegOfManyScansIsRefused) {
  EXPECT_EQ(decode_file(jpeg_of_many_scans(1)).rgb, std::vector<uint8_t>(192, 128));
  EXPECT_EQ(failure_of([] { decode_file(jpeg_of_many_scans(3)); }).status, CLIP4J_TOO_LARGE);
}

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/clip4j-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST(ReadFile, SaysWhyItCannot) {
  const Folder folder;
  const auto status = [](const std::string& path) {
    return failure_of([&] { read_file(path, 100); }).status;
  };
  EXPECT_EQ(status(folder / "none.png"), CLIP4J_MISSING);
  EXPECT_EQ(status(folder / "none/none.png"), CLIP4J_MISSING);
  EXPECT_EQ(status(""), CLIP4J_MISSING);
  EXPECT_EQ(status(std::string("/tmp\0x", 6)), CLIP4J_MISSING);
  EXPECT_EQ(status(folder / std::string(300, 'x')), CLIP4J_UNREADABLE);
  EXPECT_EQ(status(folder / ""), CLIP4J_UNREADABLE);
  EXPECT_EQ(status("/dev/zero"), CLIP4J_UNREADABLE);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(status(folder / "pipe"), CLIP4J_UNREADABLE);
  std::ofstream(folder / "full") << std::string(100, 'x');
  EXPECT_EQ(read_file(folder / "full", 100).size(), 100u);
  EXPECT_EQ(failure_of([&] { read_file(folder / "full", 99); }).status, CLIP4J_TOO_LARGE);
  EXPECT_FALSE(read_file("/proc/self/status", 1 << 20).empty());  // declares a size of 0
  EXPECT_EQ(failure_of([&] { read_file("/proc/self/status", 10); }).status, CLIP4J_TOO_LARGE);
  if (::geteuid() != 0) {
    std::ofstream(folder / "locked") << "x";
    ASSERT_EQ(::chmod((folder / "locked").c_str(), 0), 0);
    EXPECT_EQ(status(folder / "locked"), CLIP4J_UNREADABLE);
  }
}

}  // namespace
}  // namespace clip4j::image
