#include "image/decode.h"

#include <algorithm>
#include <climits>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "base/error.h"
#include "base/exit_gate.h"
#include "image/blend.h"
#include "image/bmp.h"
#include "image/bytes.h"
#include "image/exif.h"
#include "image/file.h"
#include "image/gif.h"
#include "image/jpeg/jpeg.h"
#include "image/png.h"
#include "image/sniff.h"
#include "image/tiff.h"
#include "image/webp.h"

namespace clip4j::image {
namespace {

void check_size(int64_t width, int64_t height, int64_t max_pixels) {
  if (width > kLongestSide || height > kLongestSide) {
    fail(CLIP4J_TOO_LARGE, width, " x ", height, " pixels: no side may be longer than ", kLongestSide);
  }
  if (width * height > max_pixels) {
    fail(CLIP4J_TOO_LARGE, width, " x ", height, " pixels, more than the ", max_pixels, " that are allowed");
  }
}

Pixels copy_rgb(const clip4j_image& image, int64_t max_pixels) {
  if (image.width < 1 || image.height < 1) {
    fail(CLIP4J_INVALID_ARGUMENT, "a picture of ", image.width, " x ", image.height, " pixels");
  }
  check_size(image.width, image.height, max_pixels);
  const int64_t expected = int64_t{3} * image.width * image.height;
  if (image.size != expected) {
    fail(CLIP4J_INVALID_ARGUMENT, image.size, " bytes of RGB pixels where ", image.width, " x ", image.height,
         " need ", expected);
  }
  return {image.width, image.height, std::vector<uint8_t>(image.data, image.data + image.size)};
}

// OpenCV logs to stderr whatever it cannot decode; our callers get it as an error.
void silence_opencv() {
  [[maybe_unused]] static const auto previous =
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
}

// Into `picture`'s own memory where that has the right size.
void read_with_opencv(Bytes file, Format format, int flags, cv::Mat& picture) {
  silence_opencv();
  bool empty = true;
  try {
    const cv::Mat bytes(1, static_cast<int>(file.size()), CV_8UC1, const_cast<uint8_t*>(file.data()));
    empty = cv::imdecode(bytes, flags, &picture).empty();
  } catch (const cv::Exception& e) {
    if (e.code == cv::Error::StsNoMem) fail(CLIP4J_OUT_OF_MEMORY, "no memory to decode the picture");
    fail(CLIP4J_CORRUPT, "OpenCV cannot decode the ", name(format), ": ", e.err);
  }
  if (empty) fail(CLIP4J_CORRUPT, "the ", name(format), " picture is damaged or incomplete");
}

// One row of OpenCV's grey, BGR or BGRA samples of 8 or 16 bits. Of 16 the upper 8 are taken, as Pillow does.
template <typename Sample>
void convert_row(const Sample* from, int channels, int width, int32_t background, uint8_t* to) {
  constexpr int kShift = 8 * (sizeof(Sample) - 1);
  const auto sample = [&](int channel) { return static_cast<uint8_t>(from[channel] >> kShift); };
  for (int x = 0; x < width; ++x, from += channels, to += 3) {
    if (channels < 3) {
      to[0] = to[1] = to[2] = sample(0);
    } else {
      to[0] = sample(2);
      to[1] = sample(1);
      to[2] = sample(0);
    }
    if (background < 0 || channels % 2 != 0) continue;
    blend(to, sample(channels - 1), background);
  }
}

Pixels to_rgb(const cv::Mat& picture, int32_t background, Format format) {
  if (picture.depth() != CV_8U && picture.depth() != CV_16U) {
    fail(CLIP4J_UNSUPPORTED, "a ", name(format), " picture of neither 8 nor 16 bits a sample");
  }
  Pixels result{picture.cols, picture.rows, std::vector<uint8_t>(3 * picture.total())};
  for (int y = 0; y < result.height; ++y) {
    if (picture.depth() == CV_8U) {
      convert_row(picture.ptr<uint8_t>(y), picture.channels(), result.width, background, result.row(y));
    } else {
      convert_row(picture.ptr<uint16_t>(y), picture.channels(), result.width, background, result.row(y));
    }
  }
  return result;
}

Pixels decode_with_opencv(Bytes file, const Header& header, int32_t background,
                          int flags = cv::IMREAD_UNCHANGED) {
  cv::Mat picture;
  read_with_opencv(file, header.format, flags, picture);
  if (picture.cols != header.width || picture.rows != header.height) {
    fail(CLIP4J_CORRUPT, "the ", name(header.format), " declares ", header.width, " x ", header.height,
         " pixels but holds ", picture.cols, " x ", picture.rows);
  }
  return to_rgb(picture, background, header.format);
}

// OpenCV fills up samples of 5 or 6 bits with zeros, Pillow scales them.
Pixels decode_bmp(Bytes file, const Header& header, int32_t background) {
  const BmpHeader bmp = read_bmp_header(file);
  Pixels picture =
      decode_with_opencv(file, header, background, bmp.opaque ? cv::IMREAD_COLOR : cv::IMREAD_UNCHANGED);
  if (bmp.green_bits == 0) return picture;
  for (size_t i = 0; i < picture.rgb.size(); ++i) {
    const int bits = i % 3 == 1 ? bmp.green_bits : 5;
    picture.rgb[i] = static_cast<uint8_t>((picture.rgb[i] >> (8 - bits)) * 255 / ((1 << bits) - 1));
  }
  return picture;
}

Pixels decode_jpeg(Bytes file, const Header& header) {
  CheckedJpeg checked = checked_jpeg(file);
  if (checked.file.empty()) return std::move(checked.picture);
  Pixels picture{static_cast<int>(header.width), static_cast<int>(header.height), {}};
  picture.rgb.resize(size_t{3} * static_cast<size_t>(header.width * header.height));
  cv::Mat rgb(picture.height, picture.width, CV_8UC3, picture.rgb.data());
  read_with_opencv(checked.file, Format::kJpeg, cv::IMREAD_COLOR_RGB, rgb);
  if (rgb.data != picture.rgb.data()) fail(CLIP4J_INTERNAL, "OpenCV has decoded a JPEG to another place");
  if (!checked.cmyk) return picture;
  // With paper white w = 255 - K and ink c, OpenCV gives w - floor(c * w / 256) and Pillow w - round(c * w /
  // 255): 0, 1 or 2 less. One less is never more than 1 from Pillow's; 255 is white and stays, and so does 0.
  for (uint8_t& value : picture.rgb) {
    if (value != 0 && value != 255) --value;
  }
  return picture;
}

Pixels decode_file(Bytes file, const clip4j_preprocessing& options) {
  const Header header = sniff(file, options.formats);
  check_size(header.width, header.height, options.max_pixels);
  exit_gate::check_running();
  Pixels picture;
  switch (header.format) {
    case Format::kJpeg:
      picture = decode_jpeg(file, header);
      break;
    case Format::kPng:
      picture = decode_png(file, options.background);
      break;
    case Format::kGif:
      picture = decode_gif(file, options.background);
      break;
    case Format::kWebp:
      picture = decode_with_opencv(plain_webp(file), header, options.background);
      break;
    case Format::kBmp:
      picture = decode_bmp(file, header, options.background);
      break;
    case Format::kTiff:  // Pillow always applies its orientation: it is how the rows are stored
      return upright(decode_with_opencv(plain_tiff(file), header, options.background),
                     exif_orientation(file, header.format));
  }
  if (options.apply_exif_orientation == 0) return picture;
  return upright(std::move(picture), exif_orientation(file, header.format));
}

void check_encoded_size(int64_t size, const clip4j_preprocessing& options) {
  if (size > options.max_encoded_bytes) {
    fail(CLIP4J_TOO_LARGE, size, " bytes, more than the ", options.max_encoded_bytes, " that are allowed");
  }
  if (size > INT_MAX) fail(CLIP4J_TOO_LARGE, size, " bytes, more than decoders take");
}

}  // namespace

Pixels decode(const clip4j_image& image, const clip4j_preprocessing& options) {
  if (image.data == nullptr && image.size != 0) fail(CLIP4J_INVALID_ARGUMENT, "the picture's data is null");
  if (image.size < 0) fail(CLIP4J_INVALID_ARGUMENT, "a picture of ", image.size, " bytes");
  switch (image.kind) {
    case CLIP4J_PATH: {
      const std::string path(reinterpret_cast<const char*>(image.data), static_cast<size_t>(image.size));
      const std::vector<uint8_t> file =
          read_file(path, std::min<int64_t>(options.max_encoded_bytes, INT_MAX));
      check_encoded_size(static_cast<int64_t>(file.size()), options);
      return decode_file(file, options);
    }
    case CLIP4J_ENCODED:
      check_encoded_size(image.size, options);
      return decode_file(Bytes(image.data, static_cast<size_t>(image.size)), options);
    case CLIP4J_RGB:
      return copy_rgb(image, options.max_pixels);
  }
  fail(CLIP4J_INVALID_ARGUMENT, "image kind ", image.kind, " is not 0, 1 or 2");
}

const char* opencv_version() { return CV_VERSION; }

}  // namespace clip4j::image
