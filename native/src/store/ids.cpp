#include "store/ids.h"

#include <bit>
#include <functional>

#include "base/error.h"

namespace clip4j::store {
namespace {

uint64_t hash(const Ids& ids, int64_t i) {
  // std::hash of an integer is the integer; this is MurmurHash3's last step, which spreads it.
  uint64_t h = ids.kind == IdKind::kInt64 ? static_cast<uint64_t>(ids.number(i))
                                          : std::hash<std::string_view>()(ids.string(i));
  h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
  return h ^ h >> 33;
}

bool equal(const Ids& a, int64_t i, const Ids& b, int64_t j) {
  return a.kind == IdKind::kInt64 ? a.number(i) == b.number(j) : a.string(i) == b.string(j);
}

// Bytes of the character that `text` begins with; 0 if that is not UTF-8 (RFC 3629: no overlong form, no
// surrogate).
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return byte(i) >= least && byte(i) <= most;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    return continues(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = continues(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string Ids::shown(int64_t i) const {
  if (kind == IdKind::kInt64) return std::to_string(number(i));
  constexpr size_t most = 200;
  std::string_view id = string(i);
  const bool cut = id.size() > most;
  if (cut) {
    size_t end = most;
    while ((static_cast<unsigned char>(id[end]) & 0xC0) == 0x80) --end;  // no part of a character
    id = id.substr(0, end);
  }
  std::string shown = "\"";
  // Texts end at a NUL, and are lines.
  for (const char c : id) shown += static_cast<unsigned char>(c) < ' ' ? '?' : c;
  return shown + (cut ? "...\"" : "\"");
}

void check_kind(const Ids& ids, IdKind of_index, const char* what) {
  const auto name = [](IdKind kind) {
    return kind == IdKind::kNone ? "row numbers" : kind == IdKind::kInt64 ? "longs" : "strings";
  };
  if (ids.kind == of_index) return;
  if (ids.kind == IdKind::kNone) {
    fail(CLIP4J_INVALID_ARGUMENT, "no ids were given: the index wants ", name(of_index));
  }
  fail(CLIP4J_INVALID_ARGUMENT, what, " are ", name(ids.kind), ", those of the index are ", name(of_index));
}

void check_text(std::string_view text, const std::string& name) {
  if (static_cast<int64_t>(text.size()) > kLongestText) {
    fail(CLIP4J_INVALID_ARGUMENT, name, " is longer than ", kLongestText, " bytes");
  }
  while (!text.empty()) {
    const size_t length = character_length(text);
    if (length == 0) fail(CLIP4J_INVALID_ARGUMENT, name, " is not UTF-8");
    text.remove_prefix(length);
  }
}

void check_ends(const Ids& ids) {
  if (ids.kind != IdKind::kString) return;
  int64_t begin = 0;
  for (int64_t i = 0; i < ids.count; begin = ids.values[i++]) {
    if (ids.values[i] < begin) fail(CLIP4J_INVALID_ARGUMENT, "id ", i, " ends before it begins");
  }
}

void check_ids(const Ids& ids) {
  if (ids.kind != IdKind::kString) return;
  check_ends(ids);
  for (int64_t i = 0; i < ids.count; ++i) check_text(ids.string(i), "id " + std::to_string(i));
}

IdColumn::IdColumn(IdKind kind, std::vector<int64_t> values, std::string text)
    : kind_(kind), values_(std::move(values)), text_(std::move(text)) {
  finish();
}

void IdColumn::append(const Ids& ids, int64_t i) {
  if (kind_ == IdKind::kInt64) values_.push_back(ids.number(i));
  if (kind_ == IdKind::kString) {
    text_ += ids.string(i);
    values_.push_back(static_cast<int64_t>(text_.size()));
  }
}

void IdColumn::finish() {
  values_.shrink_to_fit();
  text_.shrink_to_fit();
  bytes_ = CountedBytes(static_cast<int64_t>(values_.size() * sizeof(int64_t) + text_.size()));
}

IdTable::IdTable(const Ids& ids) {
  if (ids.kind == IdKind::kNone) return;
  // Between a third and two thirds full: a few steps a search, 6 to 12 bytes a row.
  slots_.resize(std::bit_ceil(static_cast<size_t>(ids.count) * 3 / 2 + 1));
  for (int64_t i = 0; i < ids.count; ++i) slots_[slot_of(ids, ids, i)] = static_cast<uint32_t>(i + 1);
  bytes_ = CountedBytes(static_cast<int64_t>(slots_.size() * sizeof(uint32_t)));
}

int64_t IdTable::find(const Ids& column, const Ids& ids, int64_t i) const {
  return slots_.empty() ? -1 : static_cast<int64_t>(slots_[slot_of(column, ids, i)]) - 1;
}

size_t IdTable::slot_of(const Ids& column, const Ids& ids, int64_t i) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = hash(ids, i) & mask;
  while (slots_[slot] != 0 && !equal(column, slots_[slot] - 1, ids, i)) slot = (slot + 1) & mask;
  return slot;
}

}  // namespace clip4j::store
