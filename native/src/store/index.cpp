#include "store/index.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/control_group.h"
#include "base/error.h"
#include "search/pieces.h"
#include "store/deletion.h"
#include "store/merge_policy.h"

namespace clip4j::store {
namespace {

constexpr const char* kLockName = "lock";
// Of float32 rows in a segment; a merge holds twice as many at most.
constexpr int64_t kMostSegmentBytes = int64_t{1} << 30;
// Less than this is not worth a file before commit().
constexpr int64_t kLeastSpill = int64_t{1} << 20;

int64_t most_segment_rows(int32_t dimension) {
  return std::max<int64_t>(1, kMostSegmentBytes / (dimension * static_cast<int64_t>(sizeof(float))));
}

// Copies those rows. Throws, naming the first such row, when a value is not finite.
Array<float> gather(const float* rows, std::span<const int64_t> which, int32_t dimension) {
  Array<float> gathered(static_cast<int64_t>(which.size()) * dimension);
  constexpr int64_t none = std::numeric_limits<int64_t>::max();
  std::atomic<int64_t> first_bad{none};
  search::for_each_piece(static_cast<int64_t>(which.size()), dimension, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* from = rows + which[i] * dimension;
      if (!std::all_of(from, from + dimension, [](float value) { return std::isfinite(value); })) {
        search::lower_to(first_bad, which[i]);
      }
      std::copy_n(from, dimension, &gathered[i * dimension]);
    }
  });
  if (first_bad != none)
    fail(CLIP4J_INVALID_ARGUMENT, "row ", first_bad.load(), " has a value that is not finite");
  return gathered;
}

void check_schema(const Schema& schema) {
  search::check_dimension(schema.dimension);
  check_text(schema.fingerprint, "the fingerprint");
}

}  // namespace

int64_t default_row_memory() {
  const double machine =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return static_cast<int64_t>(std::min(machine, control_group::memory_bytes()) / 4);
}

Index::Index(std::unique_ptr<Folder> folder, Schema schema, int64_t row_memory)
    : folder_(std::move(folder)),
      schema_(std::move(schema)),
      budget_(std::make_shared<Budget>(row_memory)),
      snapshot_(std::make_shared<const Snapshot>(schema_.dimension, schema_.ids, std::vector<Part>())) {}

std::unique_ptr<Index> Index::over(const float* rows, int64_t n, int32_t dimension) {
  std::unique_ptr<Index> index = in_memory({dimension, IdKind::kNone, {}});
  index->publish({{std::make_shared<const Segment>(rows, n, dimension), {}, {}}}, false);
  index->over_rows_ = true;
  return index;
}

std::unique_ptr<Index> Index::in_memory(const Schema& schema) {
  check_schema(schema);
  return std::unique_ptr<Index>(new Index(nullptr, schema, std::numeric_limits<int64_t>::max()));
}

std::unique_ptr<Index> Index::create(std::unique_ptr<Folder> folder, const Schema& schema,
                                     const Options& options) {
  check_schema(schema);
  std::unique_ptr<Index> index(new Index(std::move(folder), schema, options.row_memory));
  index->take_lock();
  // The first commit removes segments that no manifest names. Here they can only be what is left of another
  // index.
  if (has_manifest(index->folder_->list()) || index->files_->any_before()) {
    fail(CLIP4J_INVALID_ARGUMENT, index->folder_->path(), " has an index already");
  }
  index->commit();
  return index;
}

std::unique_ptr<Index> Index::open(std::unique_ptr<Folder> folder, Access access, const Options& options) {
  std::unique_ptr<Index> index(new Index(std::move(folder), {}, options.row_memory));
  if (access == Access::kWrite) {
    index->folder_->open(kManifestName);  // no lock where there is no index
    index->take_lock();
  }
  index->read_state();
  return index;
}

void Index::take_lock() {
  lock_ = folder_->lock(kLockName);
  files_.emplace(*folder_);
}

void Index::read_state() {
  for (;;) {
    const Manifest manifest = read_manifest(*folder_);
    try {
      std::vector<Part> parts;
      for (const Manifest::Segment& segment : manifest.segments) {
        parts.push_back(
            {std::make_shared<const Segment>(*folder_, segment.file, segment.rows, manifest.schema, budget_),
             segment.alive, segment.file});
      }
      schema_ = manifest.schema;
      next_commit_ = manifest.commit + 1;
      // Not known to be durable: the writer may have died between renaming and syncing.
      publish(std::move(parts), false);
      return;
    } catch (const Error& e) {
      if (e.status() != CLIP4J_MISSING && e.status() != CLIP4J_CORRUPT) throw;
      // A writer may have replaced the manifest, removed old files and used their numbers again meanwhile.
      if (read_manifest(*folder_).commit == manifest.commit) fail(CLIP4J_CORRUPT, e.what());
    }
  }
}

void Index::check_writable() const {
  if (over_rows_) fail(CLIP4J_UNSUPPORTED, "an index over embeddings does not change");
  if (folder_ != nullptr && lock_ == nullptr) {
    fail(CLIP4J_UNSUPPORTED, folder_->path(), " was opened for reading alone");
  }
}

std::shared_ptr<const Snapshot> Index::snapshot() const {
  const std::lock_guard<std::mutex> lock(snapshot_mutex_);
  return snapshot_;
}

void Index::publish(std::vector<Part> parts, bool committed) {
  auto next = std::make_shared<const Snapshot>(schema_.dimension, schema_.ids, std::move(parts));
  const std::lock_guard<std::mutex> lock(snapshot_mutex_);
  snapshot_.swap(next);
  committed_ = committed;
}

void Index::add(const float* rows, int64_t n, const Ids& ids, Known known) {
  const std::lock_guard<std::mutex> lock(writing_);
  check_writable();
  const std::shared_ptr<const Snapshot> now = snapshot();
  if (n < 0) fail(CLIP4J_INVALID_ARGUMENT, "the number of rows is ", n);
  check_kind(ids, schema_.ids, "the ids");
  if (ids.kind != IdKind::kNone && ids.count != n) {
    fail(CLIP4J_INVALID_ARGUMENT, "there are ", n, " rows and ", ids.count, " ids");
  }
  if (n > kMostRows - now->rows()) fail(CLIP4J_TOO_LARGE, "an index has at most ", kMostRows, " rows");
  check_ids(ids);
  if (n == 0) return;

  Deletion deletion(*now);
  const IdTable last(ids);
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < n; ++i) {
    if (ids.kind != IdKind::kNone) {
      const bool comes_again = last.find(ids, ids, i) != i;
      const int64_t before = now->find(ids, i);
      if (known == Known::kRefuse && (comes_again || before >= 0)) {
        fail(CLIP4J_INVALID_ARGUMENT, "id ", ids.shown(i),
             comes_again ? " comes twice" : " is in the index already");
      }
      if (comes_again) continue;
      if (before >= 0) deletion.remove(before);
    }
    kept.push_back(i);
  }
  std::vector<Part> parts = deletion.take();
  const auto most = static_cast<size_t>(most_segment_rows(schema_.dimension));
  for (std::span<const int64_t> rest = kept; !rest.empty();) {
    const std::span<const int64_t> piece = rest.first(std::min(most, rest.size()));
    IdColumn column(schema_.ids);
    for (const int64_t i : piece) column.append(ids, i);
    column.finish();
    parts.push_back(build(gather(rows, piece, schema_.dimension), std::move(column)));
    rest = rest.subspan(piece.size());
  }
  write(std::move(parts));
}

int64_t Index::remove(const Ids& ids) {
  const std::lock_guard<std::mutex> lock(writing_);
  check_writable();
  if (schema_.ids == IdKind::kNone) fail(CLIP4J_UNSUPPORTED, "an index without ids only grows");
  check_kind(ids, schema_.ids, "the ids");
  check_ends(ids);
  const std::shared_ptr<const Snapshot> now = snapshot();
  Deletion deletion(*now);
  const IdTable last(ids);
  int64_t removed = 0;
  for (int64_t i = 0; i < ids.count; ++i) {
    const int64_t row = last.find(ids, ids, i) == i ? now->find(ids, i) : -1;
    if (row < 0) continue;
    deletion.remove(row);
    ++removed;
  }
  if (removed == 0) return 0;
  write(deletion.take());
  return removed;
}

void Index::write(std::vector<Part> parts) {
  merge_where_due(parts);
  publish(std::move(parts), false);
  if (files_) files_->remove_unused_new(snapshot()->parts());
}

Part Index::build(Array<float> rows, IdColumn ids) {
  Part part{
      std::make_shared<const Segment>(std::move(rows), schema_.dimension, std::move(ids), budget_), {}, {}};
  const int64_t n = part.segment->rows();
  if (files_ && budget_->exceeded() && part.segment->row_bytes() >= kLeastSpill) {
    part.file = files_->write(*part.segment);
    part.segment = std::make_shared<const Segment>(*folder_, *part.file, n, schema_, budget_);
  }
  return part;
}

Part Index::merge(std::span<const Part> parts) {
  const int32_t dimension = schema_.dimension;
  int64_t alive = 0;
  for (const Part& part : parts) alive += count_alive(part);
  Array<float> rows(alive * dimension);
  IdColumn ids(schema_.ids);
  float* to = rows.data();
  for (const Part& part : parts) {
    const Segment& segment = *part.segment;
    const Ids known = segment.ids();
    Array<float> all(part.alive == nullptr ? 0 : segment.rows() * dimension);
    segment.copy_rows(part.alive == nullptr ? to : all.data());
    for (int64_t i = 0; i < segment.rows(); ++i) {
      if (!is_alive(part, i)) continue;
      if (part.alive != nullptr) std::copy_n(&all[i * dimension], dimension, to);
      to += dimension;
      ids.append(known, i);
    }
  }
  ids.finish();
  return build(std::move(rows), std::move(ids));
}

void Index::merge_where_due(std::vector<Part>& parts) {
  for (;;) {
    std::vector<SegmentSize> sizes;
    for (const Part& part : parts) sizes.push_back({part.segment->rows(), count_alive(part)});
    const auto [first, last] = next_merge(sizes, most_segment_rows(schema_.dimension));
    if (first == last) return;
    const bool is_empty = std::all_of(sizes.begin() + first, sizes.begin() + last,
                                      [](const auto& size) { return size.alive == 0; });
    std::vector<Part> merged;
    if (!is_empty) merged.push_back(merge(std::span(parts).subspan(first, last - first)));
    const auto at = parts.erase(parts.begin() + first, parts.begin() + last);
    parts.insert(at, merged.begin(), merged.end());
  }
}

bool Index::forget_deleted_files(std::vector<Part>& parts, std::span<const std::string> names) const {
  bool complete = true;
  for (Part& part : parts) {
    if (!part.file || std::ranges::find(names, segment_name(part.file->number)) != names.end()) continue;
    if (!part.segment->has_rows_in_memory()) {
      fail(CLIP4J_UNWRITABLE, folder_->path(), "/", segment_name(part.file->number),
           " was deleted meanwhile, and its rows are not in memory: put it back to commit");
    }
    part.file.reset();
    complete = false;
  }
  return complete;
}

void Index::commit() {
  const std::lock_guard<std::mutex> lock(writing_);
  check_writable();
  if (folder_ == nullptr) fail(CLIP4J_UNSUPPORTED, "an index in memory cannot be committed");
  std::vector<Part> parts = snapshot()->parts();
  const std::vector<std::string> names = folder_->list();  // somebody may have deleted some meanwhile
  const bool complete = forget_deleted_files(parts, names) && has_manifest(names);
  if (committed_ && complete) return;
  try {
    for (Part& part : parts) {
      if (!part.file) part.file = files_->write(*part.segment);
    }
  } catch (...) {
    publish(std::move(parts), false);  // so that files that are written already serve the next commit
    throw;
  }
  Manifest manifest{schema_, next_commit_++, {}};
  for (const Part& part : parts) manifest.segments.push_back({*part.file, part.segment->rows(), part.alive});
  publish(std::move(parts), false);
  folder_->sync();
  files_->are_public();
  publish_manifest(*folder_, manifest);
  committed_ = true;
  files_->remove_unused(snapshot()->parts());
}

}  // namespace clip4j::store
