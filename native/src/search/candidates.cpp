#include "search/candidates.h"

#include <algorithm>
#include <limits>

#include "base/exit_gate.h"
#include "search/parallel.h"

namespace clip4j::search {
namespace {

constexpr int64_t kRoom = 100;            // beyond k, so that a small k does not shrink all the time
constexpr int64_t kMostUndecided = 4096;  // near ties beyond 8 k that are kept rather than scored at once
constexpr int64_t kRescorePiece = 64;
constexpr size_t kAhead = 3;  // rows that are fetched before they are scored

}  // namespace

int64_t Scorer::rescore(std::span<Candidate> candidates) const {
  thread_local std::vector<float> scratch;
  int64_t count = 0;
  for (size_t next = 0; next < candidates.size() + kAhead; ++next) {
    if (next < candidates.size() && !candidates[next].known()) {
      const Segment& segment = *views_[candidates[next].view].segment;
      segment.source().expect(candidates[next].row);
      __builtin_prefetch(&segment.codes().norm[candidates[next].row]);
    }
    if (next < kAhead || candidates[next - kAhead].known()) continue;
    Candidate& candidate = candidates[next - kAhead];
    const Segment& segment = *views_[candidate.view].segment;
    scratch.resize(segment.dimension());
    candidate.lower = candidate.upper = queries_.score(query_, segment, candidate.row, scratch.data());
    ++count;
  }
  return count;
}

void Candidates::reset(int64_t k, Threshold& threshold) {
  k_ = k;
  full_ = k + k / 2 + kRoom;
  threshold_ = &threshold;
  rescored_ = 0;
  candidates_.clear();
}

void Candidates::add(std::span<const Candidate> block) {
  const double threshold = threshold_->value();
  double lower[kBlockRows];
  size_t count = 0;
  for (const Candidate& candidate : block) {
    if (candidate.upper < threshold) continue;
    candidates_.push_back(candidate);
    if (candidate.lower > threshold) lower[count++] = candidate.lower;
  }
  if (count > 0) threshold_->add({lower, count});
}

int64_t Candidates::bytes() const { return static_cast<int64_t>(candidates_.capacity() * sizeof(Candidate)); }

void Candidates::merge(const Candidates& other) {
  rescored_ += other.rescored_;
  candidates_.insert(candidates_.end(), other.candidates_.begin(), other.candidates_.end());
}

// Drops what k rows are certain to beat.
void Candidates::drop_beaten() {
  const double threshold = threshold_->value();
  std::erase_if(candidates_, [&](const Candidate& c) { return c.upper < threshold; });
}

void Candidates::shrink(const Scorer& scorer) {
  drop_beaten();
  // More near ties than the bounds can tell apart: known scores can.
  if (size() > 8 * k_ + kMostUndecided) settle(scorer);
  full_ = 2 * size() + kRoom;
}

void Candidates::sharpen(const Scorer& scorer) {
  drop_beaten();
  if (size() <= k_) return;
  // The k that look best: their scores are a better threshold than any bounds.
  std::nth_element(
      candidates_.begin(), candidates_.begin() + (k_ - 1), candidates_.end(),
      [](const Candidate& a, const Candidate& b) { return a.lower + a.upper > b.lower + b.upper; });
  rescore(0, k_, scorer);
  double least = std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < k_; ++i) least = std::min(least, candidates_[i].lower);
  threshold_->raise(least);
  drop_beaten();
}

void Candidates::settle(const Scorer& scorer) {
  sharpen(scorer);
  rescore(0, size(), scorer);
  drop_beaten();
  const auto best = candidates_.begin() + std::min(k_, size());
  std::partial_sort(candidates_.begin(), best, candidates_.end(),
                    [&](const Candidate& a, const Candidate& b) { return scorer.better(a, b); });
  candidates_.erase(best, candidates_.end());
  if (size() == k_) threshold_->raise(candidates_.back().lower);
}

void Candidates::append_to(Hits& hits, const Scorer& scorer) const {
  for (const Candidate& candidate : candidates_) {
    hits.row.push_back(scorer.number(candidate));
    hits.score.push_back(candidate.lower + 0.0);  // never -0
  }
  hits.offset.push_back(static_cast<int64_t>(hits.row.size()));
  hits.rescored += rescored_;
}

void Candidates::rescore(int64_t begin, int64_t end, const Scorer& scorer) {
  std::atomic<int64_t> count{0};
  parallel(divide_up(end - begin, kRescorePiece), [&](int64_t piece) {
    const int64_t from = begin + piece * kRescorePiece;
    count += scorer.rescore({&candidates_[from], static_cast<size_t>(std::min(kRescorePiece, end - from))});
  });
  rescored_ += count;
}

}  // namespace clip4j::search
