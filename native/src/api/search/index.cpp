#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "api/search/index_handle.h"
#include "base/boundary.h"
#include "store/verify.h"

using clip4j::deref;
using clip4j::fail;
using clip4j::ids_of;
using clip4j::translate_exceptions;
using clip4j::store::Access;
using clip4j::store::IdKind;
using clip4j::store::Ids;
using clip4j::store::Index;
using clip4j::store::Options;
using clip4j::store::Schema;

namespace {

IdKind kind_of(int32_t kind) {
  if (kind < CLIP4J_ROW_NUMBERS || kind > CLIP4J_STRING_IDS) {
    fail(CLIP4J_INVALID_ARGUMENT, "there are no ids of kind ", kind);
  }
  return static_cast<IdKind>(kind);
}

Schema schema_of(const clip4j_schema& schema) {
  return {schema.dimension, kind_of(schema.ids), &deref(schema.fingerprint, "fingerprint")};
}

Options options_of(int64_t row_memory) {
  return {row_memory < 0 ? clip4j::store::default_row_memory() : row_memory};
}

// For the caller, who gives it back with clip4j_search_release.
char* allocate(int64_t bytes) {
  void* memory = clip4j_search_allocate(bytes);
  if (memory == nullptr) fail(CLIP4J_OUT_OF_MEMORY, "no native memory for ", bytes, " bytes");
  return static_cast<char*>(memory);
}

// Runs `make`, which returns a store::Index.
template <typename Make>
int32_t create(clip4j_index** index, const Make& make) {
  return translate_exceptions([&] {
    deref(index, "index") = nullptr;
    *index = new clip4j_index(make());
  });
}

}  // namespace

namespace clip4j {

Ids ids_of(const clip4j_ids& ids) {
  const Ids result{kind_of(ids.kind), ids.count, ids.values, ids.text};
  if (result.kind == IdKind::kNone) return {};
  if (ids.count < 0 || ids.count > store::kMostRows) {
    fail(CLIP4J_INVALID_ARGUMENT, "the number of ids is ", ids.count, ", possible are 0 to ",
         store::kMostRows);
  }
  if (ids.count > 0) deref(ids.values, "values");
  if (ids.count > 0 && result.kind == IdKind::kString) deref(ids.text, "text");
  return result;
}

}  // namespace clip4j

int32_t clip4j_search_index_create(const float* rows, int64_t n, int32_t dimension, clip4j_index** index) {
  return create(index, [&] { return Index::over(&deref(rows, "rows"), n, dimension); });
}

int32_t clip4j_search_index_create_in_memory(const clip4j_schema* schema, clip4j_index** index) {
  return create(index, [&] { return Index::in_memory(schema_of(deref(schema, "schema"))); });
}

int32_t clip4j_search_index_create_in_folder(const char* folder, const clip4j_schema* schema,
                                             int64_t row_memory, clip4j_index** index) {
  return create(index, [&] {
    const Schema wanted = schema_of(deref(schema, "schema"));
    return Index::create(clip4j::store::open_folder(&deref(folder, "folder"), true), wanted,
                         options_of(row_memory));
  });
}

int32_t clip4j_search_index_open(const char* folder, int32_t writable, int64_t row_memory,
                                 clip4j_index** index) {
  return create(index, [&] {
    return Index::open(clip4j::store::open_folder(&deref(folder, "folder"), false),
                       writable != 0 ? Access::kWrite : Access::kRead, options_of(row_memory));
  });
}

void clip4j_search_index_free(clip4j_index* index) { delete index; }

int32_t clip4j_search_index_schema(const clip4j_index* index, clip4j_schema* schema) {
  return translate_exceptions([&] {
    const Schema& known = deref(index, "index").index->schema();
    deref(schema, "schema") = {known.fingerprint.c_str(), known.dimension, static_cast<int32_t>(known.ids)};
  });
}

int32_t clip4j_search_index_size(const clip4j_index* index, int64_t* size) {
  return translate_exceptions([&] { deref(size, "size") = deref(index, "index").index->snapshot()->size(); });
}

int32_t clip4j_search_index_add(clip4j_index* index, const float* rows, int64_t n, const clip4j_ids* ids,
                                int32_t replace) {
  return translate_exceptions([&] {
    if (n > 0) deref(rows, "rows");
    deref(index, "index")
        .index->add(rows, n, ids_of(deref(ids, "ids")),
                    replace != 0 ? Index::Known::kReplace : Index::Known::kRefuse);
  });
}

int32_t clip4j_search_index_remove(clip4j_index* index, const clip4j_ids* ids, int64_t* removed) {
  return translate_exceptions([&] {
    int64_t& count = deref(removed, "removed");
    count = deref(index, "index").index->remove(ids_of(deref(ids, "ids")));
  });
}

int32_t clip4j_search_index_commit(clip4j_index* index) {
  return translate_exceptions([&] { deref(index, "index").index->commit(); });
}

int32_t clip4j_search_index_rows(const clip4j_index* index, const clip4j_ids* ids, float* rows,
                                 uint8_t* known) {
  return translate_exceptions([&] {
    const Ids wanted = ids_of(deref(ids, "ids"));
    if (wanted.count > 0) deref(known, "known");
    deref(index, "index").index->snapshot()->copy_rows(wanted, rows, known);
  });
}

int32_t clip4j_search_index_ids(const clip4j_index* index, clip4j_ids* ids, void** memory) {
  return translate_exceptions([&] {
    clip4j_ids& to = deref(ids, "ids");
    void*& owned = deref(memory, "memory");
    const Index& of = *deref(index, "index").index;
    const auto snapshot = of.snapshot();
    std::vector<int64_t> values;
    values.reserve(snapshot->size());
    std::string text;
    snapshot->append_ids(snapshot->alive_rows(), values, text);
    const size_t value_bytes = values.size() * sizeof(int64_t);
    char* block = allocate(static_cast<int64_t>(value_bytes + text.size()));
    std::copy(values.begin(), values.end(), reinterpret_cast<int64_t*>(block));
    std::copy(text.begin(), text.end(), block + value_bytes);
    const bool strings = of.schema().ids == IdKind::kString;
    owned = block;
    to = {reinterpret_cast<const int64_t*>(block), block + value_bytes, static_cast<int64_t>(values.size()),
          strings ? CLIP4J_STRING_IDS : CLIP4J_INT64_IDS, 0};
  });
}

int32_t clip4j_search_index_warm(const clip4j_index* index) {
  return translate_exceptions([&] { deref(index, "index").index->snapshot()->warm(); });
}

int32_t clip4j_search_index_memory(const clip4j_index* index, clip4j_memory_use* use) {
  return translate_exceptions([&] {
    const clip4j::store::MemoryUse now = deref(index, "index").index->use();
    deref(use, "use") = {now.codes, now.rows, now.ids, now.deletions};
  });
}

int32_t clip4j_search_verify(const char* folder, int64_t* count, char** findings, int64_t* bytes) {
  return translate_exceptions([&] {
    char*& to = deref(findings, "findings");
    int64_t& length = deref(bytes, "bytes");
    int64_t& number = deref(count, "count");
    const auto opened = clip4j::store::open_folder(&deref(folder, "folder"), false);
    std::string texts;
    number = 0;
    for (const clip4j::store::Finding& finding : clip4j::store::verify(*opened)) {
      texts.append(finding.file).push_back('\0');
      texts.append(finding.problem).push_back('\0');
      ++number;
    }
    length = static_cast<int64_t>(texts.size());
    to = allocate(length);
    std::copy(texts.begin(), texts.end(), to);
  });
}
