#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "clip4j_status.h"

namespace clip4j {

// What every layer throws; api/ turns it into its status and text.
class Error : public std::runtime_error {
 public:
  Error(clip4j_status status, const std::string& what) : std::runtime_error(what), status_(status) {}
  clip4j_status status() const { return status_; }

 private:
  clip4j_status status_;
};

// The parts one after another, as operator<< writes them.
template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

template <typename... Parts>
[[noreturn]] void fail(clip4j_status status, const Parts&... parts) {
  throw Error(status, text(parts...));
}

}  // namespace clip4j
