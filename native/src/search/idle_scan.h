#pragma once

#include <memory>

#include "search/scan.h"

namespace clip4j::search {

// A scan for one use, with the memory that earlier ones took: a search in the steady state takes none.
class IdleScan {
 public:
  IdleScan();
  ~IdleScan();
  IdleScan(const IdleScan&) = delete;
  IdleScan& operator=(const IdleScan&) = delete;

  Scan& operator*() const { return *scan_; }
  Scan* operator->() const { return scan_.get(); }

 private:
  std::unique_ptr<Scan> scan_;
};

}  // namespace clip4j::search
