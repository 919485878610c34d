#include "image/exif.h"
#include "image_testing.h"

namespace clip4j::image {
namespace {

TEST(Exif, IsFoundBehindFillBytes) {
  std::vector<File> parts = split_jpeg(load("orientation6.jpg"));
  parts.insert(parts.begin() + 1, File(3, 0xff));
  EXPECT_EQ(exif_orientation(join(parts), Format::kJpeg), 6);
}

TEST(Exif, IsFoundBehindAChunkOfOddLength) {
  File file = load("orientation6.webp");
  insert(file, position(file, "EXIF"), {'o', 'd', 'd', ' ', 1, 0, 0, 0, 7, 0});
  EXPECT_EQ(exif_orientation(file, Format::kWebp), 6);
}

TEST(Exif, ThatIsDamagedLeavesThePicture) {
  File file = load("orientation6.jpg");
  file[position(file, "Exif") + 6] = 'x';
  clip4j_preprocessing options = preprocessing();
  const Pixels stored = decode_file(file, options);
  options.apply_exif_orientation = 1;
  EXPECT_EQ(decode_file(file, options).rgb, stored.rgb);
}

}  // namespace
}  // namespace clip4j::image
