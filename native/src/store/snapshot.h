#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "search/gpu/index.h"
#include "search/search.h"
#include "store/segment.h"

namespace clip4j::store {

// A segment in a snapshot.
struct Part {
  std::shared_ptr<const Segment> segment;
  std::shared_ptr<const Bits> alive;  // null: all rows
  std::optional<SegmentEntry> file;   // where it is published or will be; none for what is only in memory
};

// Which rows a search may find.
struct Filter {
  enum class Kind { kAllow, kDeny };
  Kind kind = Kind::kAllow;
  Ids ids;                         // unknown ones mean nothing; of IdKind::kNone, where `rows` says which:
  const uint64_t* rows = nullptr;  // bit r of word r / 64 is that of row r of the snapshot
};

// An index at one moment. Immutable, so any number of threads may use it at once, while the index goes on.
class Snapshot {
 public:
  Snapshot(int32_t dimension, IdKind ids, std::vector<Part> parts);

  const std::vector<Part>& parts() const { return parts_; }
  // Row numbers are 0 ... rows() - 1, in the order in which rows were added. Deleted rows keep theirs until
  // their segment is merged, so without ids, where nothing is deleted, a row keeps its number for good.
  int64_t rows() const { return first_.back(); }
  // Rows that are not deleted.
  int64_t size() const { return size_; }

  // See search::search. `filter` may be null. `gpu` is a copy of this snapshot that is to find the hits. The
  // first search reads the codes.
  void search(const float* queries, int64_t query_count, const search::Request& request, const Filter* filter,
              search::Hits& hits, const search::GpuIndex* gpu = nullptr) const;
  // See search::GpuIndex.
  std::unique_ptr<const search::GpuIndex> copy_to_gpu(const cuda::Library& library, int32_t device,
                                                      cuda::Instruction instruction,
                                                      int64_t most_bytes) const;
  // Reads what searches will need.
  void warm() const;

  // The part of a row, and its number there.
  std::pair<size_t, int64_t> locate(int64_t row) const;
  // The number of the row that ids' i-th has; -1 if it has none. Where rows are called by their numbers, ids
  // are numbers.
  int64_t find(const Ids& ids, int64_t i) const;
  // Copies the row of each id to `rows` (null: copies nothing) and says in `known` whether there is one;
  // where there is none, zeros.
  void copy_rows(const Ids& ids, float* rows, uint8_t* known) const;
  // The numbers of the rows that are not deleted, ascending.
  std::vector<int64_t> alive_rows() const;
  // Appends the ids of rows: numbers, or the ends of strings that are appended to `text`.
  void append_ids(std::span<const int64_t> rows, std::vector<int64_t>& values, std::string& text) const;

  MemoryUse use() const;

 private:
  // As long as a search needs them.
  struct Filtered {
    std::vector<Bits> bits;
    std::vector<search::SegmentView> views;
  };

  const std::vector<search::SegmentView>& views() const;
  // Throws CLIP4J_INVALID_ARGUMENT unless `ids`, which are `what`, are of the kind that rows are called by,
  // and can be read.
  void check_names(const Ids& ids, const char* what) const;
  Filtered filtered(const Filter& filter) const;

  int32_t dimension_;
  IdKind ids_;
  std::vector<Part> parts_;
  std::vector<int64_t> first_;  // [parts + 1]: the number of a part's row 0
  int64_t size_;
  Lazy<std::vector<search::SegmentView>> views_;
};

bool is_alive(const Part& part, int64_t row);
int64_t count_alive(const Part& part);

}  // namespace clip4j::store
