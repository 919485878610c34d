#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "store_testing.h"

// That what must be durable is handed to the system's fsync, which is this one in the tests.
namespace {

thread_local std::vector<ino_t> synced;
thread_local bool sync_fails = false;

}  // namespace

extern "C" int fsync(int file) {
  struct stat status;
  if (fstat(file, &status) != 0) return -1;
  synced.push_back(status.st_ino);
  if (!sync_fails) return static_cast<int>(syscall(SYS_fsync, file));
  errno = EIO;
  return -1;
}

namespace clip4j::store::test {
namespace {

ino_t inode(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_ino;
}

TEST(Sync, ReachesTheDisk) {
  const TemporaryFolder temporary;
  const std::string path = temporary.path() + "/index";
  synced.clear();
  const std::unique_ptr<Folder> folder = open_folder(path, true);
  EXPECT_EQ(synced, std::vector{inode(temporary.path())}) << "which has the new folder's name";
  synced.clear();
  open_folder(path, true);
  const std::unique_ptr<File> file = folder->create("a");
  EXPECT_TRUE(synced.empty());
  file->sync();
  folder->sync();
  EXPECT_EQ(synced, (std::vector{inode(path + "/a"), inode(path)}));
}

TEST(Sync, ThatFailsIsAnError) {
  const TemporaryFolder temporary;
  const std::unique_ptr<Folder> folder = open_folder(temporary.path() + "/index", true);
  const std::unique_ptr<File> file = folder->create("a");
  sync_fails = true;
  EXPECT_STATUS(file->sync(), CLIP4J_UNWRITABLE);
  EXPECT_STATUS(folder->sync(), CLIP4J_UNWRITABLE);
  EXPECT_STATUS(open_folder(temporary.path() + "/other", true), CLIP4J_UNWRITABLE);
  sync_fails = false;
}

}  // namespace
}  // namespace clip4j::store::test
