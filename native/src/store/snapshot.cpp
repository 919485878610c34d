#include "store/snapshot.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "base/cpu.h"
#include "base/error.h"
#include "search/parallel.h"

namespace clip4j::store {
namespace {

constexpr int64_t kWordBits = 64;
constexpr uint64_t kAllBits = std::numeric_limits<uint64_t>::max();

int64_t words_of(int64_t rows) { return search::divide_up(rows, kWordBits); }

void set(Bits& bits, int64_t row) { bits[row / kWordBits] |= uint64_t{1} << row % kWordBits; }

// Bits first ... first + rows - 1 of `from`, which has `all` bits.
Bits copy_bits(const uint64_t* from, int64_t all, int64_t first, int64_t rows) {
  Bits bits(words_of(rows));
  const int64_t shift = first % kWordBits;
  for (size_t w = 0; w < bits.size(); ++w) {
    const int64_t at = first / kWordBits + static_cast<int64_t>(w);
    bits[w] = from[at] >> shift;
    if (shift != 0 && at + 1 < words_of(all)) bits[w] |= from[at + 1] << (kWordBits - shift);
  }
  return bits;
}

}  // namespace

bool is_alive(const Part& part, int64_t row) {
  return part.alive == nullptr || ((*part.alive)[row / kWordBits] >> row % kWordBits & 1) != 0;
}

int64_t count_alive(const Part& part) {
  if (part.alive == nullptr) return part.segment->rows();
  int64_t count = 0;
  for (const uint64_t word : *part.alive) count += std::popcount(word);
  return count;
}

Snapshot::Snapshot(int32_t dimension, IdKind ids, std::vector<Part> parts)
    : dimension_(dimension), ids_(ids), parts_(std::move(parts)), first_{0}, size_(0) {
  for (const Part& part : parts_) {
    first_.push_back(first_.back() + part.segment->rows());
    size_ += count_alive(part);
  }
}

const std::vector<search::SegmentView>& Snapshot::views() const {
  return views_.get([this] {
    std::vector<const Segment*> unread;
    for (const Part& part : parts_) {
      if (!part.segment->is_read()) unread.push_back(part.segment.get());
    }
    search::parallel(static_cast<int64_t>(unread.size()), [&](int64_t i) { unread[i]->searchable(); });
    auto views = std::make_unique<std::vector<search::SegmentView>>();
    for (size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      views->push_back(
          {&part.segment->searchable(), part.alive == nullptr ? nullptr : part.alive->data(), first_[i]});
    }
    return std::unique_ptr<const std::vector<search::SegmentView>>(std::move(views));
  });
}

void Snapshot::warm() const {
  views();
  for (const Part& part : parts_) part.segment->ids();
}

Snapshot::Filtered Snapshot::filtered(const Filter& filter) const {
  const bool by_ids = filter.ids.kind != IdKind::kNone;
  if (by_ids) check_names(filter.ids, "the filter's ids");
  Filtered result{{}, views()};
  for (size_t i = 0; i < parts_.size(); ++i) {
    const int64_t rows = parts_[i].segment->rows();
    result.bits.push_back(by_ids ? Bits(words_of(rows))
                                 : copy_bits(filter.rows, this->rows(), first_[i], rows));
  }
  for (int64_t i = 0; i < filter.ids.count; ++i) {
    const int64_t row = find(filter.ids, i);
    if (row < 0) continue;
    const auto [part, local] = locate(row);
    set(result.bits[part], local);
  }
  const uint64_t flip = filter.kind == Filter::Kind::kDeny ? kAllBits : 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    Bits& bits = result.bits[i];
    const Bits* alive = parts_[i].alive.get();
    for (size_t w = 0; w < bits.size(); ++w)
      bits[w] = (bits[w] ^ flip) & (alive == nullptr ? kAllBits : (*alive)[w]);
    result.views[i].allowed = bits.data();
  }
  return result;
}

void Snapshot::search(const float* queries, int64_t query_count, const search::Request& request,
                      const Filter* filter, search::Hits& hits, const search::GpuIndex* gpu) const {
  const search::Kernel& kernel = search::kernel(instruction_set());
  const auto run = [&](std::span<const search::SegmentView> views) {
    if (gpu != nullptr) {
      gpu->search(views, queries, query_count, request, kernel, hits);
    } else {
      search::search(views, dimension_, queries, query_count, request, kernel, hits);
    }
  };
  if (filter == nullptr) {
    run(views());
  } else {
    run(filtered(*filter).views);
  }
}

std::unique_ptr<const search::GpuIndex> Snapshot::copy_to_gpu(const cuda::Library& library, int32_t device,
                                                              cuda::Instruction instruction,
                                                              int64_t most_bytes) const {
  return std::make_unique<search::GpuIndex>(library, device, instruction, dimension_, views(), most_bytes);
}

void Snapshot::check_names(const Ids& ids, const char* what) const {
  if (ids_ == IdKind::kNone && ids.kind == IdKind::kString) {
    fail(CLIP4J_INVALID_ARGUMENT, what, " are strings, rows of the index are called by their numbers, longs");
  }
  check_kind(ids, ids_ == IdKind::kNone ? IdKind::kInt64 : ids_, what);
  check_ends(ids);
}

int64_t Snapshot::find(const Ids& ids, int64_t i) const {
  if (ids_ == IdKind::kNone) {
    const int64_t row = ids.number(i);
    return row >= 0 && row < rows() ? row : -1;
  }
  // The newest first: what was added last is asked for most.
  for (size_t p = parts_.size(); p-- > 0;) {
    const int64_t row = parts_[p].segment->find(ids, i);
    if (row >= 0 && is_alive(parts_[p], row)) return first_[p] + row;
  }
  return -1;
}

void Snapshot::copy_rows(const Ids& ids, float* rows, uint8_t* known) const {
  check_names(ids, "the ids");
  std::vector<float> scratch(dimension_);
  for (int64_t i = 0; i < ids.count; ++i) {
    const int64_t row = find(ids, i);
    known[i] = row >= 0 ? 1 : 0;
    if (rows == nullptr) continue;
    float* to = rows + i * dimension_;
    std::fill_n(to, dimension_, 0.0F);
    if (row < 0) continue;
    const auto [part, local] = locate(row);
    std::copy_n(parts_[part].segment->searchable().source().row(local, scratch.data()), dimension_, to);
  }
}

std::pair<size_t, int64_t> Snapshot::locate(int64_t row) const {
  const size_t part = std::upper_bound(first_.begin(), first_.end(), row) - first_.begin() - 1;
  return {part, row - first_[part]};
}

std::vector<int64_t> Snapshot::alive_rows() const {
  std::vector<int64_t> numbers;
  numbers.reserve(size());
  for (size_t p = 0; p < parts_.size(); ++p) {
    for (int64_t row = 0; row < parts_[p].segment->rows(); ++row) {
      if (is_alive(parts_[p], row)) numbers.push_back(first_[p] + row);
    }
  }
  return numbers;
}

void Snapshot::append_ids(std::span<const int64_t> rows, std::vector<int64_t>& values,
                          std::string& text) const {
  for (const int64_t row : rows) {
    const auto [part, local] = locate(row);
    switch (ids_) {
      case IdKind::kNone:
        values.push_back(row);
        break;
      case IdKind::kInt64:
        values.push_back(parts_[part].segment->ids().number(local));
        break;
      case IdKind::kString:
        text += parts_[part].segment->ids().string(local);
        values.push_back(static_cast<int64_t>(text.size()));
        break;
    }
  }
}

MemoryUse Snapshot::use() const {
  MemoryUse use;
  for (const Part& part : parts_) {
    part.segment->add_use(use);
    if (part.alive != nullptr) use.deletions += static_cast<int64_t>(part.alive->size() * sizeof(uint64_t));
  }
  return use;
}

}  // namespace clip4j::store
