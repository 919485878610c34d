#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/exit_gate.h"
#include "clip4j_status.h"

namespace clip4j {

// The text of this thread's last failed call, "" when there was none.
const char* last_error() noexcept;

// Call inside a catch block: stores the exception's text for last_error and returns its status.
int32_t translate_current_exception() noexcept;

// Copies a null-terminated text into `capacity` bytes, cut between UTF-8 characters where it does not fit.
void copy_text(const char* from, char* to, size_t capacity) noexcept;

// The body of an API function: runs inside the exit gate, lets no exception out.
template <typename Body>
int32_t translate_exceptions(Body&& body) noexcept {
  static std::atomic<uint64_t> calls{0};  // of one API function: each has a Body of its own
  const exit_gate::Pass pass(calls);
  try {
    body();
    return CLIP4J_OK;
  } catch (...) {
    return translate_current_exception();
  }
}

}  // namespace clip4j
