#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "search/index.h"

namespace clip4j::search {

// One query, and what is needed to score a row against it in float64.
class Query {
 public:
  // `values` must outlive the query. Throws, naming `number`, when it is not finite, or zero and cosine is asked for.
  Query(const Index& index, const float* values, int64_t number, Similarity similarity);

  // The truth.
  double score(int32_t row) const;

  // The query divided by its norm.
  void write_unit(float* unit) const;

  // What turns a product with the unit query into a score.
  double factor() const { return similarity_ == Similarity::kDot ? norm_ : 1; }

 private:
  const Index* index_;
  const float* values_;
  double norm_;
  Similarity similarity_;
};

// A row whose score lies between two bounds; a score that is known has them equal.
struct Candidate {
  double lower;
  double upper;
  int32_t row;

  bool known() const { return lower == upper; }
};

// Computes the scores that are not known yet.
void rescore(std::vector<Candidate>& candidates, int64_t begin, int64_t end, const Query& query);

// Drops the candidates that k others are certain to beat, and returns the k-th highest lower bound (minus infinity for
// fewer than k candidates).
double prune(std::vector<Candidate>& candidates, int64_t k);

// Moves the k best to the front, the best first; all scores must be known.
void sort_best(std::vector<Candidate>& candidates, int64_t k);

// The rows, of those that one thread has scanned, that may be among a query's best k.
class Candidates {
 public:
  explicit Candidates(int64_t k) : k_(k) {}

  // The most that it holds at once.
  static int64_t capacity(int64_t k) { return 2 * k + 512; }

  // `product` is the row's product with the unit query in float32, right to within `pad` (which may be infinite).
  void add(int32_t row, float product, float pad, const Query& query);

  // A row whose float32 product plus pad is less than this need not be added.
  float floor() const { return floor_; }

  std::vector<Candidate>& all() { return candidates_; }

 private:
  void shrink(const Query& query);

  int64_t k_;
  float floor_ = -std::numeric_limits<float>::infinity();
  std::vector<Candidate> candidates_;
};

}  // namespace clip4j::search
