#include "search/candidates.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "search/exact.h"

namespace clip4j::search {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool better(const Candidate& a, const Candidate& b) { return a.lower != b.lower ? a.lower > b.lower : a.row < b.row; }

// The greatest float that is not greater.
float round_down(double value) {
  const auto rounded = static_cast<float>(value);
  return rounded > value ? std::nextafter(rounded, -std::numeric_limits<float>::infinity()) : rounded;
}

}  // namespace

Query::Query(const Index& index, const float* values, int64_t number, Similarity similarity)
    : index_(&index), values_(values), norm_(exact_norm(values, index.dimension())), similarity_(similarity) {
  if (!std::isfinite(norm_)) fail(CLIP4J_INVALID_ARGUMENT, "query ", number, " has a value that is not finite");
  if (norm_ == 0 && similarity == Similarity::kCosine) {
    fail(CLIP4J_INVALID_ARGUMENT, "query ", number, " is zero: it has no cosine");
  }
}

double Query::score(int32_t row) const {
  const double dot = exact_dot(values_, index_->row(row), index_->dimension());
  if (similarity_ == Similarity::kDot) return dot;
  const double row_norm = index_->norm(row);
  return row_norm == 0 ? 0 : std::clamp(dot / norm_ / row_norm, -1.0, 1.0);
}

void Query::write_unit(float* unit) const {
  for (int32_t i = 0; i < index_->dimension(); ++i) {
    unit[i] = norm_ == 0 ? 0 : static_cast<float>(values_[i] / norm_);
  }
}

void rescore(std::vector<Candidate>& candidates, int64_t begin, int64_t end, const Query& query) {
  for (int64_t i = begin; i < end; ++i) {
    Candidate& candidate = candidates[i];
    if (!candidate.known()) candidate.lower = candidate.upper = query.score(candidate.row);
  }
}

double prune(std::vector<Candidate>& candidates, int64_t k) {
  if (static_cast<int64_t>(candidates.size()) < k) return -kInfinity;
  std::vector<double> lower(candidates.size());
  std::transform(candidates.begin(), candidates.end(), lower.begin(), [](const Candidate& c) { return c.lower; });
  const auto kth = lower.begin() + (k - 1);
  std::nth_element(lower.begin(), kth, lower.end(), std::greater<>());
  const double threshold = *kth;
  std::erase_if(candidates, [threshold](const Candidate& c) { return c.upper < threshold; });
  return threshold;
}

void sort_best(std::vector<Candidate>& candidates, int64_t k) {
  std::partial_sort(candidates.begin(), candidates.begin() + k, candidates.end(), better);
}

void Candidates::add(int32_t row, float product, float pad, const Query& query) {
  if (static_cast<int64_t>(candidates_.size()) == capacity(k_)) shrink(query);
  double lower = (static_cast<double>(product) - pad) * query.factor();
  double upper = (static_cast<double>(product) + pad) * query.factor();
  // A product that overflowed, or a bound that promises nothing: only float64 can tell.
  if (!std::isfinite(lower) || !std::isfinite(upper)) {
    lower = -kInfinity;
    upper = kInfinity;
  }
  candidates_.push_back({lower, upper, row});
}

void Candidates::shrink(const Query& query) {
  double threshold = prune(candidates_, k_);
  if (static_cast<int64_t>(candidates_.size()) > capacity(k_) / 2) {
    // Too many near ties for the bounds to tell apart.
    rescore(candidates_, 0, static_cast<int64_t>(candidates_.size()), query);
    const auto kth = candidates_.begin() + (k_ - 1);
    std::nth_element(candidates_.begin(), kth, candidates_.end(), better);
    threshold = kth->lower;
    candidates_.erase(kth + 1, candidates_.end());
  }
  // For a zero query this is 0 / 0: nothing is less than NaN, so every row is added, with its score known to be 0.
  floor_ = round_down(threshold / query.factor());
}

}  // namespace clip4j::search
