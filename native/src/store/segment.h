#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "search/segment.h"
#include "store/file.h"
#include "store/ids.h"
#include "store/lazy.h"
#include "store/manifest.h"
#include "store/safetensors.h"

namespace clip4j::store {

// What float32 rows may take in memory; those of new segments may exceed it for a while.
class Budget {
 public:
  explicit Budget(int64_t bytes) : left_(bytes) {}
  bool exceeded() const { return left_.load(std::memory_order_relaxed) < 0; }

  // Bytes that are taken, whether there is room or not, and given back at its end.
  class Share {
   public:
    Share(std::shared_ptr<Budget> budget, int64_t bytes)
        : budget_(std::move(budget)),
          bytes_(bytes),
          fits_(budget_->left_.fetch_sub(bytes, std::memory_order_relaxed) >= bytes) {}
    ~Share() {
      if (budget_ != nullptr) budget_->left_.fetch_add(bytes_, std::memory_order_relaxed);
    }
    Share(Share&&) = default;
    Share& operator=(Share&&) = delete;

    // Whether there was room.
    bool fits() const { return fits_; }

   private:
    std::shared_ptr<Budget> budget_;
    const int64_t bytes_;
    const bool fits_;
  };

 private:
  std::atomic<int64_t> left_;
};

struct MemoryUse {
  int64_t codes = 0;
  int64_t rows = 0;  // the float32 originals
  int64_t ids = 0;
  int64_t deletions = 0;
};

// Rows with their ids, in memory or in a published file. They never change, so any number of threads may use
// it at once.
class Segment {
 public:
  // New rows, row-major. Encodes them.
  Segment(Array<float> rows, int32_t dimension, IdColumn ids, std::shared_ptr<Budget> budget);

  // Rows that someone else keeps, as long as the segment lives; they have no ids.
  Segment(const float* rows, int64_t n, int32_t dimension);

  // Those of a file, which stays open; reads its header. What else is needed is read when it is first needed,
  // and checked; the rows stay in the file where the budget has no room for them, and are read one by one.
  // Throws CLIP4J_MISSING, CLIP4J_UNREADABLE or CLIP4J_CORRUPT.
  Segment(const Folder& folder, const SegmentEntry& entry, int64_t rows, const Schema& schema,
          std::shared_ptr<Budget> budget);

  int64_t rows() const { return rows_; }
  int64_t row_bytes() const { return rows_ * dimension_ * static_cast<int64_t>(sizeof(float)); }

  // Whether what a search needs is in memory.
  bool is_read() const { return content_.peek() != nullptr; }
  // Whether write() can be called.
  bool has_rows_in_memory() const { return is_read() && content_.peek()->in_memory != nullptr; }

  // These read what they need of the file the first time, and then may throw.
  const search::Segment& searchable() const { return content().segment; }
  Ids ids() const;
  // The row of ids' i-th; -1 if it is not here.
  int64_t find(const Ids& ids, int64_t i) const;

  // Copies all rows, checked.
  void copy_rows(float* to) const;
  // Writes a segment whose rows are in memory, and syncs.
  Written write(File& file) const;
  void add_use(MemoryUse& use) const;

  // What is wrong with the file, in words: each payload is read and checked.
  std::vector<std::string> check() const;

 private:
  struct Content {
    Content(search::Codes codes, std::shared_ptr<const search::RowSource> rows, const float* in_memory)
        : segment(std::move(codes), std::move(rows)), in_memory(in_memory) {}
    search::Segment segment;
    const float* in_memory;  // the rows; null where they stay in the file
  };

  const Content& content() const;
  std::unique_ptr<const Content> load() const;
  const IdColumn& column() const;
  std::unique_ptr<const IdColumn> load_ids() const;

  int64_t rows_;
  int32_t dimension_;
  IdKind kind_;
  std::shared_ptr<Budget> budget_;
  std::shared_ptr<const File> file_;  // null for rows that are new
  Header header_;
  Lazy<Content> content_;
  Lazy<IdColumn> column_;
  Lazy<IdTable> table_;
};

}  // namespace clip4j::store
