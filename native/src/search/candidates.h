#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search/queries.h"
#include "search/segment.h"
#include "search/threshold.h"

namespace clip4j::search {

// A row whose score lies between two bounds; a score that is known has them equal.
struct Candidate {
  double lower;
  double upper;
  int32_t view;
  int32_t row;

  bool known() const { return lower == upper; }
};

// Scores candidates of one query, whatever their segments.
class Scorer {
 public:
  Scorer(const Queries& queries, int32_t query, std::span<const SegmentView> views)
      : queries_(queries), query_(query), views_(views) {}

  // Makes the scores known of those that are not, and returns how many there were.
  int64_t rescore(std::span<Candidate> candidates) const;

  // Whether `a` comes before `b` among the hits; both must be known.
  bool better(const Candidate& a, const Candidate& b) const {
    return a.lower != b.lower ? a.lower > b.lower : number(a) < number(b);
  }
  int64_t number(const Candidate& candidate) const {
    return views_[candidate.view].first_row + candidate.row;
  }

 private:
  const Queries& queries_;
  const int32_t query_;
  std::span<const SegmentView> views_;
};

// The rows, of those that one thread has scanned, that may be among a query's best k. Reused, it takes no new
// memory.
class Candidates {
 public:
  // `threshold` is the query's, borrowed until the next reset.
  void reset(int64_t k, Threshold& threshold);

  // Rows of one block.
  void add(std::span<const Candidate> block);
  // To be called now and then, so that there are never many more than k.
  void shrink_when_full(const Scorer& scorer) {
    if (size() > full_) shrink(scorer);
  }
  // Takes over what another thread has found.
  void merge(const Candidates& other);
  // Leaves the best k, the best first, with their scores.
  void settle(const Scorer& scorer);

  std::span<const Candidate> all() const { return candidates_; }
  int64_t rescored() const { return rescored_; }
  int64_t bytes() const;

 private:
  int64_t size() const { return static_cast<int64_t>(candidates_.size()); }
  void shrink(const Scorer& scorer);
  void sharpen(const Scorer& scorer);
  void drop_beaten();
  void rescore(int64_t begin, int64_t end, const Scorer& scorer);

  int64_t k_;
  int64_t full_;
  Threshold* threshold_;
  int64_t rescored_;
  std::vector<Candidate> candidates_;
};

}  // namespace clip4j::search
