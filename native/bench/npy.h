#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>

#include "base/array.h"

namespace clip4j::bench {

struct Matrix {
  int64_t rows = 0;
  int32_t dimension = 0;
  Array<float> values;
};

// A matrix of little-endian float32 in C order, as numpy.save writes it.
inline Matrix read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[10];
  if (!file.read(start, sizeof(start)) || std::memcmp(start, "\x93NUMPY\x01", 7) != 0) {
    throw std::runtime_error(path + " is no .npy file of version 1");
  }
  std::string header(static_cast<uint8_t>(start[8]) + 256 * static_cast<uint8_t>(start[9]), ' ');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  long long rows = 0;
  int dimension = 0;
  const size_t shape = header.find("'shape': (");
  if (header.find("'descr': '<f4'") == std::string::npos ||
      header.find("'fortran_order': False") == std::string::npos || shape == std::string::npos ||
      std::sscanf(header.c_str() + shape, "'shape': (%lld, %d)", &rows, &dimension) != 2) {
    throw std::runtime_error(path + " holds no matrix of float32 in C order: " + header);
  }
  Matrix matrix{rows, dimension, Array<float>(rows * dimension)};
  if (!file.read(reinterpret_cast<char*>(matrix.values.data()),
                 static_cast<std::streamsize>(matrix.values.bytes()))) {
    throw std::runtime_error(path + " is cut short");
  }
  return matrix;
}

}  // namespace clip4j::bench
