#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/descriptor.h"
#include "base/error.h"
#include "store/file.h"

namespace clip4j::store {
namespace {

[[noreturn]] void fail_reading(const std::string& path) {
  fail(status_of_read_error(errno), path, ": ", std::strerror(errno));
}

[[noreturn]] void fail_writing(const std::string& path) {
  fail(CLIP4J_UNWRITABLE, path, ": ", std::strerror(errno));
}

// Calls until no signal interrupts.
template <typename Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  int64_t size() const override {
    struct stat status;
    if (fstat(descriptor_, &status) != 0) fail_reading(path_);
    return status.st_size;
  }

  void read(std::span<uint8_t> to, int64_t offset) const override {
    const int64_t count = pread_fully(descriptor_, to, offset);
    if (count < 0) fail_reading(path_);
    if (static_cast<size_t>(count) < to.size()) {
      fail(CLIP4J_CORRUPT, path_, " ends too early, at byte ", offset + count);
    }
  }

  void write(Bytes from, int64_t offset) override {
    while (!from.empty()) {
      const ssize_t count =
          uninterrupted([&] { return pwrite(descriptor_, from.data(), from.size(), offset); });
      if (count < 0) fail_writing(path_);
      from = from.subspan(count);
      offset += count;
    }
  }

  void sync() override {
    if (uninterrupted([&] { return fsync(descriptor_); }) != 0) fail_writing(path_);
  }

 private:
  Descriptor descriptor_;
  std::string path_;
};

class PosixFolder final : public Folder {
 public:
  PosixFolder(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  std::string path() const override { return path_; }

  std::unique_ptr<File> create(const std::string& name) override {
    return std::make_unique<PosixFile>(open_for_writing(name, O_EXCL), path_of(name));
  }

  std::unique_ptr<File> open(const std::string& name) const override {
    Descriptor file(uninterrupted([&] { return openat(descriptor_, name.c_str(), kOpenToRead); }));
    if (file < 0) fail_reading(path_of(name));
    struct stat status;
    if (fstat(file, &status) != 0) fail_reading(path_of(name));
    if (!S_ISREG(status.st_mode)) fail(CLIP4J_UNREADABLE, path_of(name), " is not a regular file");
    return std::make_unique<PosixFile>(std::move(file), path_of(name));
  }

  void rename(const std::string& from, const std::string& to) override {
    if (renameat(descriptor_, from.c_str(), descriptor_, to.c_str()) != 0) fail_writing(path_of(to));
  }

  void remove(const std::string& name) override {
    if (unlinkat(descriptor_, name.c_str(), 0) != 0 && errno != ENOENT) fail_writing(path_of(name));
  }

  std::vector<std::string> list() const override {
    // A handle of its own: a folder's handle has one reading position.
    const int handle = openat(descriptor_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) fail_reading(path_);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(handle), closedir);
    if (entries == nullptr) {
      close(handle);
      fail_reading(path_);
    }
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = readdir(entries.get());
      if (entry == nullptr && errno != 0) fail_reading(path_);
      if (entry == nullptr) return names;
      names.emplace_back(entry->d_name);
    }
  }

  void sync() override {
    if (uninterrupted([&] { return fsync(descriptor_); }) != 0) fail_writing(path_);
  }

  std::unique_ptr<File> lock(const std::string& name) override {
    Descriptor file = open_for_writing(name, 0);
    // Unlike fcntl's, this lock is not given away by whoever closes the file elsewhere in the process.
    if (uninterrupted([&] { return flock(file, LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) fail(CLIP4J_LOCKED, path_, " is open for writing already, here or elsewhere");
      fail_writing(path_of(name));
    }
    return std::make_unique<PosixFile>(std::move(file), path_of(name));
  }

 private:
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  Descriptor open_for_writing(const std::string& name, int flags) {
    Descriptor file(uninterrupted([&] {
      return openat(descriptor_, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | flags, 0666);
    }));
    if (file < 0) fail_writing(path_of(name));
    return file;
  }

  Descriptor descriptor_;
  std::string path_;
};

}  // namespace

std::unique_ptr<Folder> open_folder(const std::string& path, bool make) {
  const bool made = make && mkdir(path.c_str(), 0777) == 0;
  if (make && !made && errno != EEXIST) fail_writing(path);
  Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder < 0) fail_reading(path);
  if (made) {
    const Descriptor above(openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (above < 0 || fsync(above) != 0) fail_writing(path + "/..");
  }
  return std::make_unique<PosixFolder>(std::move(folder), path);
}

}  // namespace clip4j::store
