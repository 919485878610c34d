#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/crc32.h"
#include "base/error.h"
#include "store/safetensors.h"
#include "store_testing.h"

namespace clip4j::store::test {
namespace {

Bytes bytes(const std::string& text) { return bytes_of(std::span<const char>(text)); }

std::string read_all(const File& file) {
  std::string content(file.size(), '\0');
  file.read(writable_bytes_of(std::span<char>(content)), 0);
  return content;
}

TEST(Crc32c, IsCastagnolis) {
  // RFC 3720, B.4, and the checksum that everyone gives of these nine digits.
  EXPECT_EQ(crc32c(bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(bytes(std::string(32, '\0'))), 0x8a9136aau);
  EXPECT_EQ(crc32c(bytes(std::string(32, '\xff'))), 0x62a8ab43u);
}

TEST(Crc32c, IsTheSameByTableAndInPieces) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 37);
  for (size_t n = 0; n <= text.size(); n += 7) {
    const std::string head = text.substr(0, n), tail = text.substr(n);
    EXPECT_EQ(crc32c(bytes(head)), crc32c_by_table(bytes(head)));
    EXPECT_EQ(crc32c(bytes(tail), crc32c(bytes(head))), crc32c(bytes(text)));
    EXPECT_EQ(crc32c_by_table(bytes(tail), crc32c_by_table(bytes(head))), crc32c(bytes(text)));
  }
}

class PosixFolder : public testing::Test {
 protected:
  TemporaryFolder temporary;
  std::unique_ptr<Folder> folder = open_folder(temporary.path() + "/index", true);
};

TEST_F(PosixFolder, KeepsWhatIsWritten) {
  const std::unique_ptr<File> file = folder->create("a");
  file->write(bytes("world"), 6);
  file->write(bytes("hello "), 0);
  file->sync();
  folder->sync();
  EXPECT_EQ(read_all(*folder->open("a")), "hello world");
  folder->rename("a", "b");
  EXPECT_STATUS(folder->open("a"), CLIP4J_MISSING);
  EXPECT_EQ(read_all(*folder->open("b")), "hello world");
  EXPECT_STATUS(folder->create("b"), CLIP4J_UNWRITABLE);
  folder->remove("b");
  folder->remove("b");
  EXPECT_EQ(read_all(*file), "hello world") << "an open file outlives its name";
  EXPECT_EQ(folder->list().size(), 2u) << "only . and ..";
}

TEST_F(PosixFolder, IsTheFolderAndNotItsPath) {
  std::filesystem::rename(temporary.path() + "/index", temporary.path() + "/moved");
  folder->create("a");
  EXPECT_TRUE(std::filesystem::exists(temporary.path() + "/moved/a"));
  EXPECT_STATUS(open_folder(temporary.path() + "/index", false), CLIP4J_MISSING);
  EXPECT_STATUS(open_folder(temporary.path() + "/no/index", true), CLIP4J_UNWRITABLE);
}

TEST_F(PosixFolder, ReadsNothingBehindTheEnd) {
  const std::unique_ptr<File> file = folder->create("a");
  file->write(bytes("12345"), 0);
  std::string content(6, '\0');
  EXPECT_STATUS(file->read(writable_bytes_of(std::span<char>(content)), 0), CLIP4J_CORRUPT);
  std::filesystem::resize_file(temporary.path() + "/index/a", 2);
  content.resize(3);
  EXPECT_STATUS(file->read(writable_bytes_of(std::span<char>(content)), 0), CLIP4J_CORRUPT);
}

TEST_F(PosixFolder, OpensRegularFilesOnly) {
  std::filesystem::create_directory(temporary.path() + "/index/folder");
  ASSERT_EQ(mkfifo((temporary.path() + "/index/pipe").c_str(), 0600), 0);
  EXPECT_STATUS(folder->open("folder"), CLIP4J_UNREADABLE);
  EXPECT_STATUS(folder->open("pipe"), CLIP4J_UNREADABLE);
}

TEST_F(PosixFolder, SaysWhenItCannotWrite) {
  // A limit on the size of files makes the second write a short one and the third an error.
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100, 100};
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::unique_ptr<File> file = folder->create("a");
    int status = 1;
    try {
      file->write(bytes(std::string(60, 'x')), 0);
      file->write(bytes(std::string(60, 'y')), 60);
    } catch (const Error& e) {
      status = e.status() == CLIP4J_UNWRITABLE && file->size() == 100 ? 0 : 2;
    }
    _exit(status);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(PosixFolder, IsLockedByOneAtATime) {
  const std::unique_ptr<Folder> other = open_folder(temporary.path() + "/index", false);
  std::unique_ptr<File> lock = folder->lock("lock");
  EXPECT_STATUS(folder->lock("lock"), CLIP4J_LOCKED);
  EXPECT_STATUS(other->lock("lock"), CLIP4J_LOCKED);
  other->open("lock");  // and closes it, which gives a lock of fcntl away
  EXPECT_STATUS(other->lock("lock"), CLIP4J_LOCKED);
  lock.reset();
  other->lock("lock");
}

TEST_F(PosixFolder, LockOfADeadProcessIsNone) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::unique_ptr<File> lock = folder->lock("lock");
    if (write(pipe_ends[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char c;
  ASSERT_EQ(read(pipe_ends[0], &c, 1), 1);
  EXPECT_STATUS(folder->lock("lock"), CLIP4J_LOCKED);
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  folder->lock("lock");
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

class Safetensors : public testing::Test {
 protected:
  const std::vector<double> doubles = {1, 2.5};
  const std::vector<float> floats = {3, 4, 5};
  const Metadata metadata = {{"empty", ""}, {"text", "a\"b\\c\n\x01\xC3\xA9"}};
  std::shared_ptr<Disk> disk = Disk::make();
  std::unique_ptr<Folder> folder = disk->folder();

  Written write() {
    return write_tensors(*folder->create("f"), metadata,
                         {{"doubles", Dtype::kF64, {2}, bytes_of(std::span(doubles))},
                          {"floats", Dtype::kF32, {3, 1}, bytes_of(std::span(floats))},
                          {"none", Dtype::kI64, {0, 4}, {}}});
  }
  std::string& content() { return disk->files().at("f")->content; }
  // The header after `from` was replaced, as long as before, with its checksum put right.
  void replace(const std::string& from, const std::string& to) {
    std::string& file = content();
    const size_t at = file.find(from), end = file.find("  ") + 1;
    ASSERT_NE(at, std::string::npos);
    ASSERT_LT(to.size(), from.size() + 8);
    if (to.size() > from.size()) file.erase(end, to.size() - from.size());
    if (to.size() < from.size()) file.insert(end, from.size() - to.size(), ' ');
    file.replace(at, from.size(), to);
    correct_header(file);
  }
};

TEST_F(Safetensors, ComeBack) {
  const Written written = write();
  const std::unique_ptr<File> file = folder->open("f");
  const Header header = read_header(*file, "f");
  EXPECT_EQ(header.metadata, metadata);
  EXPECT_EQ(header.length, written.length);
  EXPECT_EQ(header.crc32c, written.crc32c);
  EXPECT_EQ(header.tensor("none", Dtype::kI64, {0, 4}).bytes, 0);
  std::vector<float> read(3);
  const StoredTensor& tensor = header.tensor("floats", Dtype::kF32, {3, 1});
  EXPECT_EQ(header.tensors.front().offset % 64, 0);
  read_tensor(*file, header, tensor, writable_bytes_of(std::span(read)));
  EXPECT_EQ(read, floats);
  EXPECT_STATUS(header.tensor("floats", Dtype::kF32, {3}), CLIP4J_CORRUPT);
  EXPECT_STATUS(header.tensor("floats", Dtype::kI64, {3, 1}), CLIP4J_CORRUPT);
  EXPECT_STATUS(header.text("absent"), CLIP4J_CORRUPT);
}

TEST_F(Safetensors, AreCorruptWhateverBitFlips) {
  write();
  const std::unique_ptr<File> file = folder->open("f");
  const auto read = [&] {
    const Header header = read_header(*file, "f");
    for (const StoredTensor& tensor : header.tensors) check_tensor(*file, header, tensor);
  };
  read();
  std::string& bytes = content();
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_STATUS(read(), CLIP4J_CORRUPT) << "bit " << bit;
    bytes[bit / 8] ^= static_cast<char>(1 << bit % 8);
  }
  const std::string whole = bytes;
  for (size_t length = 0; length < whole.size(); ++length) {
    bytes = whole.substr(0, length);
    EXPECT_STATUS(read(), CLIP4J_CORRUPT) << "cut to " << length;
  }
  bytes = whole + '\0';
  EXPECT_STATUS(read(), CLIP4J_CORRUPT);
}

TEST_F(Safetensors, RefuseWhatCannotBe) {
  write();
  const std::unique_ptr<File> file = folder->open("f");
  const std::string sound = content();
  const std::pair<const char*, const char*> mutations[] = {
      {"\"F32\"", "\"F16\""},
      {"[3,1]", "[3,2]"},
      {"[3,1]", "[3,-]"},
      {"[3,1]", "[3 1]"},
      {"[3,1]", "[03]"},
      {"[16,28]", "[12,24]"},
      {"[16,28]", "[28,16]"},
      {"[16,28]", "[16,29]"},
      {"[0,4]", "[9,4]"},
      {"\"floats\":{", "\"double\":{"},
      {"\"crc32c.floats\":\"", "\"crc32c.floats\":-"},
      {"\"empty\"", "\"text\",\""},
      {"{\"dtype\":\"F64\"", "{\"dtypo\":\"F64\""},
      {"\"shape\"", "\"shapo\""},
  };
  for (const auto& [from, to] : mutations) {
    content() = sound;
    replace(from, to);
    std::string text;
    EXPECT_EQ(status_of([&] { read_header(*file, "f"); }, &text), CLIP4J_CORRUPT) << from << " -> " << to;
    EXPECT_EQ(text.find("checksum"), std::string::npos) << "of another cause";
  }
  content() = sound;
  replace("[3,1]", "[1,3,1]");
  EXPECT_EQ(read_header(*file, "f").tensors.size(), 3u)
      << "the checksum is put right, so that the cases above mean something";
}

}  // namespace
}  // namespace clip4j::store::test
