#include "store_model.h"

#include <algorithm>

#include "search/exact.h"

namespace clip4j::store::test {

IdList::IdList(IdKind kind, const std::vector<std::string>& ids)
    : kind_(kind), count_(static_cast<int64_t>(kind == IdKind::kNone ? 0 : ids.size())) {
  for (const std::string& id : ids) {
    if (kind == IdKind::kInt64) values_.push_back(std::stoll(id));
    if (kind == IdKind::kString) {
      text_ += id;
      values_.push_back(static_cast<int64_t>(text_.size()));
    }
  }
}

bool Model::has(const std::string& id) const {
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.id == id; });
}

void Model::remove(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    entries.erase(
        std::remove_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.id == id; }),
        entries.end());
  }
}

void Model::add(const std::vector<Entry>& added) {
  for (const Entry& entry : added) {
    if (schema.ids != IdKind::kNone) remove({entry.id});
    entries.push_back(entry);
  }
}

std::vector<Found> Model::search(const std::vector<float>& query, int64_t k, search::Similarity similarity,
                                 double minimum_score, const std::vector<std::string>* only) const {
  std::vector<Found> found;
  const int32_t d = schema.dimension;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (only != nullptr && std::find(only->begin(), only->end(), entry.id) == only->end()) continue;
    double score = search::exact_dot(query.data(), entry.row.data(), d);
    if (similarity == search::Similarity::kCosine) {
      const double norm = search::exact_norm(entry.row.data(), d);
      score = norm == 0 ? 0 : std::clamp(score / search::exact_norm(query.data(), d) / norm, -1.0, 1.0);
    }
    const std::string name = schema.ids == IdKind::kNone ? std::to_string(i) : entry.id;
    if (score >= minimum_score) found.push_back({name, score});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.score > b.score; });
  if (static_cast<int64_t>(found.size()) > k) found.resize(k);
  return found;
}

void add(Index& index, const std::vector<Entry>& entries, Index::Known known) {
  std::vector<float> rows;
  std::vector<std::string> ids;
  for (const Entry& entry : entries) {
    rows.insert(rows.end(), entry.row.begin(), entry.row.end());
    ids.push_back(entry.id);
  }
  index.add(rows.data(), static_cast<int64_t>(entries.size()), IdList(index.schema().ids, ids).view(), known);
}

int64_t remove(Index& index, const std::vector<std::string>& ids) {
  return index.remove(IdList(index.schema().ids, ids).view());
}

namespace {

std::vector<std::string> names(const Snapshot& snapshot, const Schema& schema,
                               std::span<const int64_t> rows) {
  std::vector<int64_t> values;
  std::string text;
  snapshot.append_ids(rows, values, text);
  const Ids ids{schema.ids, static_cast<int64_t>(values.size()), values.data(), text.data()};
  std::vector<std::string> names;
  for (int64_t i = 0; i < ids.count; ++i) {
    names.push_back(schema.ids == IdKind::kString ? std::string(ids.string(i))
                                                  : std::to_string(ids.number(i)));
  }
  return names;
}

}  // namespace

std::vector<Found> search(const Snapshot& snapshot, const Schema& schema, const std::vector<float>& query,
                          const search::Request& request, const Filter* filter) {
  search::Hits hits;
  snapshot.search(query.data(), 1, request, filter, hits);
  const std::vector<std::string> ids = names(snapshot, schema, hits.row);
  std::vector<Found> found;
  for (size_t i = 0; i < ids.size(); ++i) found.push_back({ids[i], hits.score[i]});
  return found;
}

std::vector<Entry> contents(const Snapshot& snapshot, const Schema& schema) {
  std::vector<Entry> entries;
  int64_t first = 0;
  for (const Part& part : snapshot.parts()) {
    std::vector<float> rows(part.segment->rows() * schema.dimension);
    part.segment->copy_rows(rows.data());
    for (int64_t i = 0; i < part.segment->rows(); ++i) {
      if (!is_alive(part, i)) continue;
      const int64_t number = first + i;
      const float* row = &rows[i * schema.dimension];
      entries.push_back({schema.ids == IdKind::kNone ? "" : names(snapshot, schema, {&number, 1})[0],
                         std::vector<float>(row, row + schema.dimension)});
    }
    first += part.segment->rows();
  }
  return entries;
}

void expect_equal(const Index& index, const Model& model) {
  const std::shared_ptr<const Snapshot> snapshot = index.snapshot();
  EXPECT_EQ(snapshot->size(), static_cast<int64_t>(model.entries.size()));
  ASSERT_EQ(contents(*snapshot, index.schema()), model.entries);
  std::vector<std::string> ids;
  for (const Entry& entry : model.entries) {
    ids.push_back(model.schema.ids == IdKind::kNone ? std::to_string(ids.size()) : entry.id);
  }
  EXPECT_EQ(names(*snapshot, index.schema(), snapshot->alive_rows()), ids);
  const std::vector<float> query(model.schema.dimension, 1.0f);
  const int64_t k = search::kAllRows;
  EXPECT_EQ(search(*snapshot, index.schema(), query, {.k = {&k, 1}}),
            model.search(query, k, search::Similarity::kCosine, -INFINITY, nullptr));
}

std::vector<float> random_row(std::mt19937& random, int32_t dimension) {
  // Few different values, so that some rows and many scores are equal.
  std::vector<float> row(dimension);
  for (float& value : row) value = static_cast<float>(static_cast<int>(random() % 5) - 2);
  return row;
}

}  // namespace clip4j::store::test
