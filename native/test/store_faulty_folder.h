#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/file.h"

// A folder in memory that fails or loses power where a test says, and then has forgotten what a disk may
// forget.
namespace clip4j::store::test {

// Thrown by the call at which the power goes, and by every later one.
struct PowerLoss : std::exception {};

struct Inode {
  std::string content;  // what programs see
  std::string durable;  // what the last sync left
  struct Write {
    int64_t offset;
    std::string bytes;
  };
  std::vector<Write> unsynced;
};

// Whether effect `i` of `count` that no sync has covered reached the disk, of a write how many of its
// `bytes`.
using Survival = std::function<int64_t(size_t i, size_t count, int64_t bytes)>;

class Disk {
 public:
  enum class Fault { kNone, kPowerLoss, kError, kShortWrite };

  // The fault strikes at the call number `at`, counted from 0.
  void plan(Fault fault, int64_t at) {
    fault_ = fault;
    at_ = at;
    calls_ = 0;
  }
  int64_t calls() const { return calls_; }
  bool struck() const { return fault_ != Fault::kNone && calls_ > at_; }

  // Called before a file of that name is opened: what another does just then.
  std::function<void(const std::string& name)> before_opening = [](const std::string&) {};

  // What is there when the power is back.
  std::shared_ptr<Disk> after_power_loss(const Survival& survives) const;
  size_t unsynced_effects() const;

  std::unique_ptr<Folder> folder();
  // What programs see, to look at and to damage.
  std::map<std::string, std::shared_ptr<Inode>>& files() { return names_; }

 private:
  friend class FaultyFile;
  friend class FaultyFolder;

  // A name that was set to a file, or removed (null).
  struct NameChange {
    std::string name;
    std::shared_ptr<Inode> inode;
  };

  // Throws what was planned for this call. `effect` is what of it may happen nevertheless.
  void call(
      bool writes, const std::function<void()>& effect = [] {});
  void set(const std::string& name, std::shared_ptr<Inode> inode);

  std::map<std::string, std::shared_ptr<Inode>> names_;
  std::map<std::string, std::shared_ptr<Inode>> durable_names_;
  std::vector<NameChange> unsynced_;
  std::set<std::string> locks_;
  std::mutex mutex_;
  Fault fault_ = Fault::kNone;
  int64_t at_ = 0;
  int64_t calls_ = 0;
  std::weak_ptr<Disk> self_;

 public:
  static std::shared_ptr<Disk> make() {
    auto disk = std::make_shared<Disk>();
    disk->self_ = disk;
    return disk;
  }
};

}  // namespace clip4j::store::test
