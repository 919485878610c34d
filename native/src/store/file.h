#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

// What the store needs of a file system, and nothing else, so that tests can stand in for one that fails or
// crashes. Nothing is ever mapped: a mapped file that somebody truncates ends the process, a read of it is an
// error.
namespace clip4j::store {

using Bytes = std::span<const uint8_t>;

// An open file. Any number of threads may read it at once. It stays readable when its name is removed.
class File {
 public:
  virtual ~File() = default;
  virtual int64_t size() const = 0;
  // Fills `to`. Throws CLIP4J_CORRUPT when the file ends before that, CLIP4J_UNREADABLE when the system says
  // no.
  virtual void read(std::span<uint8_t> to, int64_t offset) const = 0;
  // Writes all of `from`, or throws CLIP4J_UNWRITABLE; then any part of it may have been written.
  virtual void write(Bytes from, int64_t offset) = 0;
  // Returns when the content is durable. (The name is not before Folder::sync.)
  virtual void sync() = 0;
};

// A folder, by handle: it may be renamed meanwhile. Names are those of files right in it.
class Folder {
 public:
  virtual ~Folder() = default;
  // For texts.
  virtual std::string path() const = 0;
  // A new file, for reading and writing; a file of that name is an error (CLIP4J_UNWRITABLE).
  virtual std::unique_ptr<File> create(const std::string& name) = 0;
  // For reading. Throws CLIP4J_MISSING, or CLIP4J_UNREADABLE for what is not a regular file.
  virtual std::unique_ptr<File> open(const std::string& name) const = 0;
  // Replaces `to` if there is one.
  virtual void rename(const std::string& from, const std::string& to) = 0;
  // No error if there is none.
  virtual void remove(const std::string& name) = 0;
  virtual std::vector<std::string> list() const = 0;
  // Returns when all that was created, renamed and removed before is durable.
  virtual void sync() = 0;
  // Held until the result is destroyed or the process ends, whatever file a dead process has left behind.
  // Throws CLIP4J_LOCKED when somebody holds it, in this process or another.
  virtual std::unique_ptr<File> lock(const std::string& name) = 0;
};

// The folder of that path; `make` makes it, durably, where there is none. Throws CLIP4J_MISSING,
// CLIP4J_UNREADABLE or CLIP4J_UNWRITABLE.
std::unique_ptr<Folder> open_folder(const std::string& path, bool make);

}  // namespace clip4j::store
