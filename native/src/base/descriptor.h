#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <utility>

#include "clip4j_status.h"

namespace clip4j {

// An open file, or a negative number where opening failed, which errno then tells about. Closes it.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;

  operator int() const { return value_; }

 private:
  int value_;
};

// To open a file for reading that may be anything. O_NONBLOCK: opening a pipe must not wait for a writer;
// regular files do not mind it.
constexpr int kOpenToRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

// What an errno means of a file that was to be opened or read.
clip4j_status status_of_read_error(int error);

// Fills `to` with what lies at `offset`, and returns how much there was: less only where the file ends; -1
// with errno where it cannot be read.
int64_t pread_fully(int descriptor, std::span<uint8_t> to, int64_t offset);

}  // namespace clip4j
