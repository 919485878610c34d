#include "base/boundary.h"

#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

#include "base/error.h"

namespace clip4j {
namespace {

// A plain array: storing a text cannot fail, and nothing is left to destroy when a thread ends.
thread_local char last_error_text[4096];

void store(const char* text) { copy_text(text, last_error_text, sizeof(last_error_text)); }

}  // namespace

const char* last_error() noexcept { return last_error_text; }

void copy_text(const char* from, char* to, size_t capacity) noexcept {
  size_t length = strnlen(from, capacity - 1);
  if (from[length] != '\0') {
    while (length > 0 && (static_cast<unsigned char>(from[length]) & 0xC0) == 0x80) --length;
  }
  memcpy(to, from, length);
  to[length] = '\0';
}

int32_t translate_current_exception() noexcept {
  try {
    throw;
  } catch (const Error& e) {
    store(e.what());
    return e.status();
  } catch (const std::bad_alloc&) {
    store("out of native memory");
    return CLIP4J_OUT_OF_MEMORY;
  } catch (const std::length_error&) {
    // A container asked for more than it can ever hold.
    store("out of native memory");
    return CLIP4J_OUT_OF_MEMORY;
  } catch (const std::exception& e) {
    // Of the standard library's functions, only starting a thread can fail so, with the text "Resource
    // temporarily unavailable".
    const auto* system = dynamic_cast<const std::system_error*>(&e);
    if (system != nullptr && system->code() == std::errc::resource_unavailable_try_again) {
      store(
          "no thread can be started: raise the limit of processes (ulimit -u, a container's pids) or of "
          "memory");
      return CLIP4J_OUT_OF_MEMORY;
    }
    store(e.what());
    return CLIP4J_INTERNAL;
  } catch (...) {
    store("an exception of unknown type");
    return CLIP4J_INTERNAL;
  }
}

}  // namespace clip4j
