#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "store/index.h"

// The naive index that the tests hold the store against: a list.
namespace clip4j::store::test {

// Ids in the form that the store takes; for IdKind::kInt64 made of the same strings, which then are numbers.
class IdList {
 public:
  IdList(IdKind kind, const std::vector<std::string>& ids);
  Ids view() const { return {kind_, count_, values_.data(), text_.data()}; }

 private:
  IdKind kind_;
  int64_t count_;
  std::vector<int64_t> values_;
  std::string text_;
};

struct Entry {
  std::string id;  // empty without ids
  std::vector<float> row;
  bool operator==(const Entry&) const = default;
};

struct Found {
  std::string id;
  double score;
  bool operator==(const Found&) const = default;
};

struct Model {
  Schema schema;
  std::vector<Entry> entries;  // in the order of rows

  void add(const std::vector<Entry>& added);  // replaces
  void remove(const std::vector<std::string>& ids);
  bool has(const std::string& id) const;
  std::vector<Found> search(const std::vector<float>& query, int64_t k, search::Similarity similarity,
                            double minimum_score, const std::vector<std::string>* only) const;
};

void add(Index& index, const std::vector<Entry>& entries, Index::Known known = Index::Known::kReplace);
int64_t remove(Index& index, const std::vector<std::string>& ids);

std::vector<Found> search(const Snapshot& snapshot, const Schema& schema, const std::vector<float>& query,
                          const search::Request& request, const Filter* filter = nullptr);

// Everything that a snapshot holds, in the order of rows, read through its segments.
std::vector<Entry> contents(const Snapshot& snapshot, const Schema& schema);

// Checks contents and a search of all rows.
void expect_equal(const Index& index, const Model& model);

std::vector<float> random_row(std::mt19937& random, int32_t dimension);

}  // namespace clip4j::store::test
