#include "search/idle_scan.h"

#include <mutex>
#include <utility>
#include <vector>

namespace clip4j::search {
namespace {

// Of the process; what is more is given back.
constexpr int64_t kMostBytes = 64 << 20;
constexpr size_t kMostScans = 256;

struct Idle {
  Idle() { scans.reserve(kMostScans); }  // a destructor that puts one here must not fail

  std::mutex mutex;
  std::vector<std::unique_ptr<Scan>> scans;
  int64_t bytes = 0;
};

// Never destroyed: other threads may search while the process exits.
Idle& idle() {
  static Idle& idle = *new Idle();
  return idle;
}

}  // namespace

IdleScan::IdleScan() {
  {
    const std::lock_guard lock(idle().mutex);
    if (!idle().scans.empty()) {
      scan_ = std::move(idle().scans.back());
      idle().scans.pop_back();
      idle().bytes -= scan_->bytes();
    }
  }
  if (scan_ == nullptr) scan_ = std::make_unique<Scan>();
}

IdleScan::~IdleScan() {
  const int64_t bytes = scan_->bytes();
  const std::lock_guard lock(idle().mutex);
  if (idle().bytes + bytes > kMostBytes || idle().scans.size() == kMostScans) return;
  idle().bytes += bytes;
  idle().scans.push_back(std::move(scan_));
}

}  // namespace clip4j::search
