#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32.h"
#include "base/error.h"
#include "clip4j.h"
#include "image/bytes.h"
#include "image/decode.h"

namespace clip4j::image {

using File = std::vector<uint8_t>;

inline File load(const std::string& name) {
  std::ifstream in(std::string(TEST_DATA) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return File(std::istreambuf_iterator<char>(in), {});
}

// Every picture in the data folder, the smaller ones alone where that is said.
inline std::vector<std::string> picture_names(uintmax_t most_bytes = std::numeric_limits<uintmax_t>::max()) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(TEST_DATA)) {
    const std::string extension = entry.path().extension();
    if (extension == ".tsv" || extension == ".py" || extension == ".rgb" || !entry.is_regular_file()) {
      continue;
    }
    if (entry.file_size() <= most_bytes) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline std::vector<std::vector<std::string>> load_table(const std::string& name) {
  std::ifstream in(std::string(TEST_DATA) + "/" + name);
  std::vector<std::vector<std::string>> table;
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    table.emplace_back();
    for (std::string cell; std::getline(cells, cell, '\t');) table.back().push_back(cell);
  }
  EXPECT_FALSE(table.empty()) << name;
  return table;
}

// Where that is in a file.
inline size_t position(const File& file, std::string_view what) {
  const size_t at = std::string_view(reinterpret_cast<const char*>(file.data()), file.size()).find(what);
  EXPECT_NE(at, std::string_view::npos) << what;
  return at;
}

inline void insert(File& file, size_t at, const File& what) {
  file.insert(file.begin() + static_cast<ptrdiff_t>(at), what.begin(), what.end());
}

// A JPEG's marker that it begins with, each segment, and last its scans.
inline std::vector<File> split_jpeg(const File& file) {
  std::vector<File> parts = {{0xff, 0xd8}};
  size_t at = 2;
  while (file.at(at + 1) != 0xda) {
    const size_t end = at + 2 + ByteReader(file).u16(at + 2);
    parts.emplace_back(&file.at(at), &file.at(end));
    at = end;
  }
  parts.emplace_back(&file.at(at), file.data() + file.size());
  return parts;
}

inline File join(const std::vector<File>& parts) {
  File file;
  for (const File& part : parts) insert(file, file.size(), part);
  return file;
}

// Puts the checksum of each of a PNG's chunks right.
inline void correct_checksums(File& png) {
  const ByteReader file(png);
  for (size_t at = 8; at + 12 <= png.size() && file.u32(at) <= png.size() - at - 12;
       at += 12 + file.u32(at)) {
    const uint32_t sum = crc32(Bytes(png).subspan(at + 4, 4 + file.u32(at)));
    for (size_t i = 0; i < 4; ++i) png[at + 8 + file.u32(at) + i] = static_cast<uint8_t>(sum >> (24 - 8 * i));
  }
}

// CLIP's, for size 32; all formats.
inline clip4j_preprocessing preprocessing() {
  clip4j_preprocessing options{};
  options.resize_mode = 1;
  options.resize_height = 32;
  options.resample = 3;
  options.crop_height = 32;
  options.crop_width = 32;
  options.scale = 1.0f / 255;
  for (int channel = 0; channel < 3; ++channel) options.std[channel] = 1.0f;
  options.background = -1;
  options.formats = 63;
  options.max_encoded_bytes = 20 << 20;
  options.max_pixels = 40'000'000;
  return options;
}

inline clip4j_image encoded(const File& file) {
  return {file.data(), static_cast<int64_t>(file.size()), CLIP4J_ENCODED, 0, 0, 0};
}

inline Pixels decode_file(const File& file, const clip4j_preprocessing& options = preprocessing()) {
  return decode(encoded(file), options);
}

// The status and text that a call throws; CLIP4J_OK when it does not.
struct Failure {
  clip4j_status status = CLIP4J_OK;
  std::string text;
};

template <typename Call>
Failure failure_of(Call&& call) {
  try {
    call();
  } catch (const Error& e) {
    return {e.status(), e.what()};
  }
  return {};
}

// What this process writes to file descriptor 2 in the meantime, whoever does it.
class StderrCapture {
 public:
  StderrCapture() : file_(std::tmpfile()), saved_(::dup(2)) {
    std::fflush(stderr);
    ::dup2(::fileno(file_), 2);
  }
  ~StderrCapture() {
    restore();
    std::fclose(file_);
  }
  std::string text() {
    restore();
    std::string text(static_cast<size_t>(::lseek(::fileno(file_), 0, SEEK_END)), '\0');
    EXPECT_EQ(::pread(::fileno(file_), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    std::fflush(stderr);
    ::dup2(saved_, 2);
    ::close(saved_);
    saved_ = -1;
  }

  std::FILE* file_;
  int saved_;
};

}  // namespace clip4j::image
