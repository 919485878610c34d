#include "image/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <system_error>

#include "base/descriptor.h"
#include "base/error.h"

namespace clip4j::image {
namespace {

std::string reason(int error) { return std::system_category().message(error); }

[[noreturn]] void fail_to_open(int error) {
  const clip4j_status status = status_of_read_error(error);
  if (status == CLIP4J_MISSING) fail(status, "no such file");
  fail(status, "cannot open the file: ", reason(error));
}

[[noreturn]] void fail_too_large(int64_t limit) {
  fail(CLIP4J_TOO_LARGE, "more than the ", limit, " bytes that are allowed");
}

}  // namespace

std::vector<uint8_t> read_file(const std::string& path, int64_t limit) {
  if (path.empty()) fail(CLIP4J_MISSING, "the file name is empty");
  if (path.find('\0') != std::string::npos) fail(CLIP4J_MISSING, "no such file: its name holds a zero byte");
  const Descriptor file(::open(path.c_str(), kOpenToRead));
  if (file < 0) fail_to_open(errno);
  struct stat status;
  if (::fstat(file, &status) != 0) fail_to_open(errno);
  if (S_ISDIR(status.st_mode)) fail(CLIP4J_UNREADABLE, "a directory, not a file");
  if (!S_ISREG(status.st_mode)) fail(CLIP4J_UNREADABLE, "a device or a pipe, not a regular file");
  if (status.st_size > limit) fail_too_large(limit);

  // One byte of room more than the file says it has, so that the end shows without another allocation.
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size) + 1);
  for (size_t length = 0;;) {
    const int64_t got = pread_fully(file, std::span(bytes).subspan(length), static_cast<int64_t>(length));
    if (got < 0) fail(status_of_read_error(errno), "cannot read the file: ", reason(errno));
    length += static_cast<size_t>(got);
    if (static_cast<int64_t>(length) > limit) fail_too_large(limit);
    if (length < bytes.size()) {
      bytes.resize(length);
      return bytes;
    }
    bytes.resize(2 * bytes.size());  // it is growing, or in /proc without a size
  }
}

}  // namespace clip4j::image
