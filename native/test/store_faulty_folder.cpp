#include "store_faulty_folder.h"

#include <algorithm>

#include "base/error.h"

namespace clip4j::store::test {
namespace {

void apply(std::string& content, const Inode::Write& write, int64_t bytes) {
  const auto end = static_cast<size_t>(write.offset + bytes);
  if (bytes > 0 && content.size() < end) content.resize(end);
  if (bytes > 0) content.replace(write.offset, bytes, write.bytes, 0, bytes);
}

}  // namespace

class FaultyFile final : public File {
 public:
  FaultyFile(std::shared_ptr<Disk> disk, std::shared_ptr<Inode> inode, std::string lock)
      : disk_(std::move(disk)), inode_(std::move(inode)), lock_(std::move(lock)) {}
  ~FaultyFile() override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    disk_->locks_.erase(lock_);
  }

  int64_t size() const override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    disk_->call(false);
    return static_cast<int64_t>(inode_->content.size());
  }

  void read(std::span<uint8_t> to, int64_t offset) const override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    disk_->call(false);
    if (offset + to.size() > inode_->content.size()) fail(CLIP4J_CORRUPT, "the file ends too early");
    std::copy_n(inode_->content.begin() + offset, to.size(), to.begin());
  }

  void write(Bytes from, int64_t offset) override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    const Inode::Write write{offset, std::string(from.begin(), from.end())};
    const auto write_first = [&](int64_t bytes) {
      apply(inode_->content, write, bytes);
      inode_->unsynced.push_back({offset, write.bytes.substr(0, bytes)});
    };
    const auto all = static_cast<int64_t>(from.size());
    disk_->call(true, [&] { write_first(disk_->fault_ == Disk::Fault::kShortWrite ? all / 2 : all); });
    write_first(all);
  }

  void sync() override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    disk_->call(true);
    inode_->durable = inode_->content;
    inode_->unsynced.clear();
  }

 private:
  std::shared_ptr<Disk> disk_;
  std::shared_ptr<Inode> inode_;
  std::string lock_;
};

class FaultyFolder final : public Folder {
 public:
  explicit FaultyFolder(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  std::string path() const override { return "folder"; }

  std::unique_ptr<File> create(const std::string& name) override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    const auto make = [&] { disk_->set(name, std::make_shared<Inode>()); };
    if (disk_->names_.count(name) != 0) fail(CLIP4J_UNWRITABLE, name, " is there already");
    disk_->call(true, make);
    make();
    return file(name, "");
  }

  std::unique_ptr<File> open(const std::string& name) const override {
    disk_->before_opening(name);
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    disk_->call(false);
    if (disk_->names_.count(name) == 0) fail(CLIP4J_MISSING, name, " is missing");
    return file(name, "");
  }

  void rename(const std::string& from, const std::string& to) override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    const auto move = [&] {
      disk_->set(to, disk_->names_.at(from));
      disk_->set(from, nullptr);
    };
    disk_->call(true, move);
    move();
  }

  void remove(const std::string& name) override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    const auto take = [&] { disk_->set(name, nullptr); };
    disk_->call(true, take);
    take();
  }

  std::vector<std::string> list() const override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    disk_->call(false);
    std::vector<std::string> names = {".", ".."};
    for (const auto& [name, inode] : disk_->names_) names.push_back(name);
    return names;
  }

  void sync() override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    disk_->call(true);
    disk_->durable_names_ = disk_->names_;
    disk_->unsynced_.clear();
  }

  std::unique_ptr<File> lock(const std::string& name) override {
    const std::lock_guard<std::mutex> guard(disk_->mutex_);
    const auto make = [&] {
      if (disk_->names_.count(name) == 0) disk_->set(name, std::make_shared<Inode>());
    };
    disk_->call(true, make);
    if (!disk_->locks_.insert(name).second) fail(CLIP4J_LOCKED, name, " is locked");
    make();
    return file(name, name);
  }

 private:
  std::unique_ptr<File> file(const std::string& name, const std::string& lock) const {
    return std::make_unique<FaultyFile>(disk_, disk_->names_.at(name), lock);
  }

  std::shared_ptr<Disk> disk_;
};

std::unique_ptr<Folder> Disk::folder() { return std::make_unique<FaultyFolder>(self_.lock()); }

void Disk::call(bool writes, const std::function<void()>& effect) {
  const int64_t number = calls_++;
  if (fault_ == Fault::kPowerLoss && number >= at_) {
    if (number == at_) effect();
    throw PowerLoss();
  }
  if (fault_ == Fault::kShortWrite && number == at_) effect();
  if (fault_ != Fault::kNone && number == at_) {
    fail(writes ? CLIP4J_UNWRITABLE : CLIP4J_UNREADABLE, "planned for call ", number);
  }
}

void Disk::set(const std::string& name, std::shared_ptr<Inode> inode) {
  if (inode == nullptr) {
    names_.erase(name);
  } else {
    names_[name] = inode;
  }
  unsynced_.push_back({name, std::move(inode)});
}

size_t Disk::unsynced_effects() const {
  size_t count = unsynced_.size();
  std::set<const Inode*> seen;
  const auto add = [&](const std::shared_ptr<Inode>& inode) {
    if (inode != nullptr && seen.insert(inode.get()).second) count += inode->unsynced.size();
  };
  for (const auto& [name, inode] : durable_names_) add(inode);
  for (const NameChange& change : unsynced_) add(change.inode);
  return count;
}

std::shared_ptr<Disk> Disk::after_power_loss(const Survival& survives) const {
  const std::shared_ptr<Disk> disk = make();
  const size_t count = unsynced_effects();
  size_t number = 0;
  std::map<const Inode*, std::shared_ptr<Inode>> copies;
  const auto copy = [&](const std::shared_ptr<Inode>& inode) {
    std::shared_ptr<Inode>& made = copies[inode.get()];
    if (made == nullptr) {
      made = std::make_shared<Inode>(Inode{inode->durable, {}, {}});
      for (const Inode::Write& write : inode->unsynced) {
        const auto bytes = static_cast<int64_t>(write.bytes.size());
        apply(made->content, write, survives(number++, count, bytes));
      }
      made->durable = made->content;
    }
    return made;
  };
  for (const auto& [name, inode] : durable_names_) disk->names_[name] = copy(inode);
  for (const NameChange& change : unsynced_) {
    const std::shared_ptr<Inode> inode = change.inode == nullptr ? nullptr : copy(change.inode);
    if (survives(number++, count, 1) == 0) continue;
    if (inode == nullptr) {
      disk->names_.erase(change.name);
    } else {
      disk->names_[change.name] = inode;
    }
  }
  disk->durable_names_ = disk->names_;
  return disk;
}

}  // namespace clip4j::store::test
