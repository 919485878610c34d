#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#include "image/resize.h"
#include "image/tiff.h"
#include "image_testing.h"

namespace clip4j::image {
namespace {

// Pillow's pixels, and Pillow's crop of them, for every kind of picture: see data/make_goldens.py.
TEST(Decode, EqualsPillow) {
  StderrCapture errors;
  for (const std::vector<std::string>& row : load_table("pictures.tsv")) {
    SCOPED_TRACE(row[0] + ", orientation " + row[1] + ", background " + row[2]);
    clip4j_preprocessing options = preprocessing();
    options.apply_exif_orientation = std::stoi(row[1]);
    options.background = std::stoi(row[2]);
    Pixels picture;
    ASSERT_NO_THROW(picture = decode_file(load(row[0]), options));
    EXPECT_EQ(picture.width, std::stoi(row[3]));
    EXPECT_EQ(picture.height, std::stoi(row[4]));
    if (row[0] == "cmyk.jpg" || row[0] == "ycck.jpg") continue;
    EXPECT_EQ(crc32(picture.rgb), std::stoul(row[5]));
    EXPECT_EQ(crc32(resize_crop(picture, options).rgb), std::stoul(row[6]));
  }
  EXPECT_EQ(errors.text(), "");
}

TEST(Decode, CmykIsWithinOneOfPillow) {
  for (const std::string name : {"cmyk", "ycck"}) {
    const Pixels picture = decode_file(load(name + ".jpg"));
    const File expected = load(name + ".rgb");
    ASSERT_EQ(picture.rgb.size(), expected.size());
    int worst = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      worst = std::max(worst, std::abs(picture.rgb[i] - expected[i]));
    }
    EXPECT_LE(worst, 1) << name;
  }
}

// An Adobe JPEG of 8 x 8 pixels without colour, all as light or dark as those four bits of a difference say.
File black_or_white_cmyk(uint8_t difference) {
  File file = {0xff, 0xd8, 0xff, 0xee, 0, 14, 'A',  'd',  'o', 'b', 'e', 0,
               100,  0,    0,    0,    0, 0,  0xff, 0xdb, 0,   67,  0};
  file.insert(file.end(), 64, 127);
  insert(file, file.size(),
         {0xff, 0xc0, 0, 20, 8, 0, 8, 0, 8, 4, 0, 0x11, 0, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0});
  for (const auto& [table, symbol] : {std::pair<uint8_t, uint8_t>{0x00, 4}, {0x10, 0}}) {  // whose code is 0
    insert(file, file.size(), {0xff, 0xc4, 0, 20, table, 1});
    file.insert(file.end(), 15, 0);
    file.push_back(symbol);
  }
  // Blocks of the code, the four bits, and the code of their end: three without ink, and black.
  insert(file, file.size(), {0xff, 0xda, 0, 14, 4, 0, 0, 1, 0, 2, 0, 3, 0, 0, 63, 0});
  insert(file, file.size(), {0x49, 0x24, static_cast<uint8_t>(0x80 | difference << 1), 0xff, 0xd9});
  return file;
}

TEST(Decode, CmykKeepsWhiteAndBlack) {
  EXPECT_EQ(decode_file(black_or_white_cmyk(0b1001)).rgb, File(192, 255));
  EXPECT_EQ(decode_file(black_or_white_cmyk(0b0110)).rgb, File(192, 0));
}

TEST(Decode, TakesRgbPixelsAsTheyAre) {
  const std::vector<uint8_t> rgb = {1, 2, 3, 4, 5, 6};
  const clip4j_image image{rgb.data(), 6, CLIP4J_RGB, 2, 1, 0};
  EXPECT_EQ(decode(image, preprocessing()).rgb, rgb);
  const clip4j_image wrong{rgb.data(), 6, CLIP4J_RGB, 2, 2, 0};
  EXPECT_EQ(failure_of([&] { decode(wrong, preprocessing()); }).status, CLIP4J_INVALID_ARGUMENT);
}

TEST(Decode, ReadsAFile) {
  const std::string path = std::string(TEST_DATA) + "/rgb.png";
  const clip4j_image image{
      reinterpret_cast<const uint8_t*>(path.data()), static_cast<int64_t>(path.size()), CLIP4J_PATH, 0, 0, 0};
  EXPECT_EQ(decode(image, preprocessing()).rgb, decode_file(load("rgb.png")).rgb);
}

TEST(Decode, AllowsOnlyTheFormatsAskedFor) {
  clip4j_preprocessing options = preprocessing();
  options.formats = 15;
  const Failure bmp = failure_of([&] { decode_file(load("rgb.bmp"), options); });
  EXPECT_EQ(bmp.status, CLIP4J_UNSUPPORTED);
  EXPECT_NE(bmp.text.find("BMP"), std::string::npos) << bmp.text;
  const std::string prose = "#!/bin/sh\n# a text that somebody named picture.jpg\n";
  const Failure text = failure_of([&] { decode_file(File(prose.begin(), prose.end()), options); });
  EXPECT_EQ(text.status, CLIP4J_UNSUPPORTED);
  EXPECT_EQ(text.text, "not a JPEG, PNG, WebP or GIF picture");
}

// Where OpenCV would make other colours than Pillow, without a word.
TEST(Decode, RefusesColorsThatOpenCvGetsWrong) {
  const auto refused = [](const char* name, size_t at, std::initializer_list<uint8_t> bytes) {
    File file = load(name);
    std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<ptrdiff_t>(at));
    return failure_of([&] { decode_file(file); });
  };
  // 32 bits a pixel, masks of red, green and blue behind the header.
  const Failure bmp = refused("rgb.bmp", 28, {32, 0, 3, 0, 0, 0});
  EXPECT_EQ(bmp.status, CLIP4J_UNSUPPORTED) << bmp.text;
  EXPECT_NE(bmp.text.find("another order"), std::string::npos) << bmp.text;
  EXPECT_EQ(refused("rgb.bmp", 28, {24, 0, 0, 0, 0, 0}).status, CLIP4J_OK);
  const auto tiff = [](uint16_t tag, uint8_t value) {
    File file = load("rgba.tiff");
    const auto u16 = [&](size_t at) { return file[at] | file[at + 1] << 8; };
    const size_t directory = static_cast<size_t>(u16(4) | u16(6) << 16);
    for (size_t entry = directory + 2; entry + 12 <= file.size(); entry += 12) {
      if (u16(entry) == tag) {
        file[entry + 8] = value;
        break;
      }
    }
    return failure_of([&] { decode_file(file); });
  };
  EXPECT_EQ(tiff(338, 2).status, CLIP4J_OK);
  EXPECT_EQ(tiff(338, 1).text, "a TIFF whose colours are multiplied by their alpha");
  EXPECT_EQ(tiff(262, 8).text, "a TIFF of L*a*b* colours");
}

// Its header is the shortest from which OpenCV reads masks.
TEST(Decode, ABmpOf32BitsHasAlpha) {
  File bmp = {'B', 'M', 74, 0, 0, 0, 0, 0, 0, 0,  70, 0, 0, 0, 56, 0, 0, 0, 1,
              0,   0,   0,  1, 0, 0, 0, 1, 0, 32, 0,  3, 0, 0, 0,  4, 0, 0, 0};
  bmp.resize(54);
  insert(bmp, 54, {0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 10, 20, 30, 0});
  EXPECT_EQ(decode_file(bmp).rgb, (File{30, 20, 10}));
  clip4j_preprocessing options = preprocessing();
  options.background = 0xffffff;
  EXPECT_EQ(decode_file(bmp, options).rgb, (File{255, 255, 255}));
}

// OpenCV takes the first width, our header the last.
TEST(Decode, ATiffOfTwoWidthsIsDamaged) {
  File file = load("rgba.tiff");
  const ByteReader reader(file, true);
  const size_t directory = reader.u32(4);
  const File width = {0, 1, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0};
  std::ranges::copy(width,
                    file.begin() + static_cast<ptrdiff_t>(directory + 12 * reader.u16(directory) - 10));
  const Failure failure = failure_of([&] { decode_file(file); });
  EXPECT_EQ(failure.status, CLIP4J_CORRUPT);
  EXPECT_EQ(failure.text, "the TIFF declares 1 x 37 pixels but holds 45 x 37");
}

// The length that the whole file declares, and that of the chunk that describes it.
TEST(Decode, AWebpOfWrongLengthsIsDamaged) {
  File cut = load("lossy.webp");
  cut[4] = static_cast<uint8_t>(cut[4] - 2);
  EXPECT_EQ(failure_of([&] { decode_file(cut); }).text, "the WebP is damaged");
  File empty = load("alpha.webp");
  ASSERT_EQ(position(empty, "VP8X"), 12u);
  empty[16] = 0;
  EXPECT_EQ(failure_of([&] { decode_file(empty); }).text, "the WebP is damaged");
}

// Orientation 6, as a number of 16 and of 32 bits, lower and upper byte first.
TEST(Decode, TellsLibtiffThatRowsAreUpright) {
  for (const std::vector<uint8_t>& value :
       {std::vector<uint8_t>{3, 0, 6, 0, 0, 0}, {4, 0, 6, 0, 0, 0}, {0, 3, 0, 6, 0, 0}, {0, 4, 0, 0, 0, 6}}) {
    const bool little = value[1] == 0;
    File file = little ? File{'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1}
                       : File{'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 1, 0x12};
    file.insert(file.end(), {value[0], value[1]});
    file.insert(file.end(), little ? std::initializer_list<uint8_t>{1, 0, 0, 0}
                                   : std::initializer_list<uint8_t>{0, 0, 0, 1});
    file.insert(file.end(), value.begin() + 2, value.end());
    EXPECT_EQ(read_tiff_header(file).orientation, 6);
    File upright = file;
    std::ranges::replace(upright, 6, 1);
    EXPECT_EQ(plain_tiff(file), upright);
  }
}

TEST(Decode, KeepsTheLimits) {
  const File file = load("rgb.png");
  clip4j_preprocessing options = preprocessing();
  options.max_pixels = 45 * 37;
  EXPECT_EQ(failure_of([&] { decode_file(file, options); }).status, CLIP4J_OK);
  options.max_pixels = 45 * 37 - 1;
  EXPECT_EQ(failure_of([&] { decode_file(file, options); }).status, CLIP4J_TOO_LARGE);
  options = preprocessing();
  options.max_encoded_bytes = static_cast<int64_t>(file.size());
  EXPECT_EQ(failure_of([&] { decode_file(file, options); }).status, CLIP4J_OK);
  options.max_encoded_bytes = static_cast<int64_t>(file.size()) - 1;
  EXPECT_EQ(failure_of([&] { decode_file(file, options); }).status, CLIP4J_TOO_LARGE);
}

TEST(Decode, NoSideIsLongerThanAMebipixel) {
  const File row(3 * ((1 << 20) + 1));
  const auto status = [&](int width) {
    const clip4j_image image{row.data(), 3 * width, CLIP4J_RGB, width, 1, 0};
    return failure_of([&] { decode(image, preprocessing()); }).status;
  };
  EXPECT_EQ(status(1 << 20), CLIP4J_OK);
  EXPECT_EQ(status((1 << 20) + 1), CLIP4J_TOO_LARGE);
}

TEST(Decode, WorksOnManyThreads) {
  std::vector<File> files;
  std::vector<uint32_t> sums;
  for (const std::string& name : picture_names()) {
    files.push_back(load(name));
    sums.push_back(crc32(decode_file(files.back()).rgb));
  }
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < files.size(); ++i) {
        if (crc32(decode_file(files[i]).rgb) != sums[i]) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(Decode, StartsNoThread) {
  const auto threads = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto before = threads();
  for (const std::string& name : picture_names()) decode_file(load(name));
  EXPECT_EQ(threads(), before);
}

}  // namespace
}  // namespace clip4j::image
