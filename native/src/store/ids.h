#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/accounting.h"

namespace clip4j::store {

// What a caller calls its rows. Without ids a row is called by its number, and stays for ever.
enum class IdKind { kNone, kInt64, kString };

// Some ids that lie elsewhere, in the form in which callers give them and files hold them.
struct Ids {
  IdKind kind = IdKind::kNone;
  int64_t count = 0;
  const int64_t* values = nullptr;  // the ids themselves, or of each string the end in `text`
  const char* text = nullptr;       // strings one after another, UTF-8

  int64_t number(int64_t i) const { return values[i]; }
  std::string_view string(int64_t i) const {
    const int64_t begin = i == 0 ? 0 : values[i - 1];
    return {text + begin, static_cast<size_t>(values[i] - begin)};
  }
  // For texts.
  std::string shown(int64_t i) const;
};

constexpr int64_t kLongestText = 65535;  // bytes

// Throws CLIP4J_INVALID_ARGUMENT where they are not of the index's kind; `what` they are, for the message.
void check_kind(const Ids& ids, IdKind of_index, const char* what);

// These throw CLIP4J_INVALID_ARGUMENT. A text must be UTF-8 of at most so many bytes:
void check_text(std::string_view text, const std::string& name);
// no string may end before it begins, else there is nothing to read:
void check_ends(const Ids& ids);
// both, for all ids.
void check_ids(const Ids& ids);

// The ids of a segment's rows.
class IdColumn {
 public:
  explicit IdColumn(IdKind kind) : kind_(kind) {}
  IdColumn(IdKind kind, std::vector<int64_t> values, std::string text);

  void append(const Ids& ids, int64_t i);
  void finish();  // after the last append
  Ids view() const { return {kind_, static_cast<int64_t>(values_.size()), values_.data(), text_.data()}; }
  int64_t bytes() const { return bytes_.bytes(); }

 private:
  IdKind kind_;
  std::vector<int64_t> values_;
  std::string text_;
  CountedBytes bytes_;
};

// Where an id's row is: open addressing over row numbers alone, the ids stay in their column.
class IdTable {
 public:
  // Where an id comes more than once, its last row counts.
  explicit IdTable(const Ids& ids);

  // The row of ids' i-th in the column that the table was made of; -1 if it has none.
  int64_t find(const Ids& column, const Ids& ids, int64_t i) const;
  int64_t bytes() const { return bytes_.bytes(); }

 private:
  // The slot of that id, or the free one where it belongs.
  size_t slot_of(const Ids& column, const Ids& ids, int64_t i) const;

  std::vector<uint32_t> slots_;  // row + 1, 0 where free; a power of two of them
  CountedBytes bytes_;
};

}  // namespace clip4j::store
