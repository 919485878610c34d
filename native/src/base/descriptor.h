#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <utility>

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

}  // namespace clip4j
