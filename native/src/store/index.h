#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "store/segment_files.h"
#include "store/snapshot.h"

// A mutable index of embeddings, in memory or in a folder. Many threads search while one writes: a search
// works on the snapshot that is current when it begins, and never waits for a writer. What is written is
// visible at once, and durable after commit(). docs/index-format.md describes the folder.
namespace clip4j::store {

enum class Access { kRead, kWrite };

struct Options {
  // What the float32 rows may take in memory. Beyond it they are read from their files when a search needs
  // them.
  int64_t row_memory;
};

class Index {
 public:
  // Over rows that someone else keeps, as long as the index lives. It never changes.
  static std::unique_ptr<Index> over(const float* rows, int64_t n, int32_t dimension);

  // In memory alone: commit() has nowhere to go.
  static std::unique_ptr<Index> in_memory(const Schema& schema);

  // An empty index in a folder that has none, for writing; durable when it returns.
  static std::unique_ptr<Index> create(std::unique_ptr<Folder> folder, const Schema& schema,
                                       const Options& options);

  // The last committed state. Reads the manifest and the headers of segments alone. There may be one writer
  // at a time among all processes (else CLIP4J_LOCKED), and any number of readers, each of which keeps the
  // state it opened.
  static std::unique_ptr<Index> open(std::unique_ptr<Folder> folder, Access access, const Options& options);

  const Schema& schema() const { return schema_; }
  std::shared_ptr<const Snapshot> snapshot() const;

  // The calls that follow are made one after another, whatever their threads. Where one throws, nothing has
  // changed. CLIP4J_UNSUPPORTED where the index was opened for reading or made over rows.

  enum class Known { kRefuse, kReplace };
  // n rows, borrowed. With ids, one each; without, the rows are called by their numbers. An id that the index
  // has, or that comes twice, is CLIP4J_INVALID_ARGUMENT or replaces the row that came before. So is a value
  // that is not finite.
  void add(const float* rows, int64_t n, const Ids& ids, Known known);
  // Returns how many there were. An index without ids only grows (CLIP4J_UNSUPPORTED).
  int64_t remove(const Ids& ids);
  // Returns when the current state is durable. Where it throws, a later commit tries again; until then a
  // crash may leave this state or the one before. CLIP4J_UNSUPPORTED for an index in memory.
  void commit();

  MemoryUse use() const { return snapshot()->use(); }

 private:
  Index(std::unique_ptr<Folder> folder, Schema schema, int64_t row_memory);

  void take_lock();
  void read_state();
  void check_writable() const;
  void publish(std::vector<Part> parts, bool committed);
  // Makes them, merged where that is due, the current state.
  void write(std::vector<Part> parts);
  Part build(Array<float> rows, IdColumn ids);
  Part merge(std::span<const Part> parts);
  void merge_where_due(std::vector<Part>& parts);
  // `names` are the folder's. Parts whose files are not among them lose them, so that they are written again;
  // false where there are such. Throws where their rows are not in memory.
  bool forget_deleted_files(std::vector<Part>& parts, std::span<const std::string> names) const;

  const std::unique_ptr<Folder> folder_;  // null in memory
  Schema schema_;
  const std::shared_ptr<Budget> budget_;
  std::unique_ptr<File> lock_;  // null for a reader
  bool over_rows_ = false;

  std::mutex writing_;
  std::optional<SegmentFiles> files_;  // of a writer in a folder
  int64_t next_commit_ = 0;
  bool committed_ = false;  // whether the current state is known to be the durable one

  mutable std::mutex snapshot_mutex_;  // held to copy a pointer, no longer
  std::shared_ptr<const Snapshot> snapshot_;
};

// A quarter of the memory that the machine has, or that this process's control groups allow.
int64_t default_row_memory();

}  // namespace clip4j::store
