#include "search/queries.h"

#include <algorithm>
#include <cmath>

#include "search/exact.h"

namespace clip4j::search {
namespace {

// Loops without a choice inside, which the compiler turns into vectors: for a thousand rows they are a tenth
// of a query.
void narrow(const int32_t* from, int32_t count, int8_t* codes, uint32_t& sum) {
  uint32_t total = 0;
  for (int32_t i = 0; i < count; ++i) {
    codes[i] = static_cast<int8_t>(from[i]);
    total += static_cast<uint32_t>(from[i]);
  }
  sum = total;
}

void split(const int32_t* from, int32_t count, int8_t* upper, int8_t* lower, uint32_t& upper_sum,
           uint32_t& lower_sum) {
  uint32_t upper_total = 0, lower_total = 0;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t high = (from[i] + 128) >> 8, low = from[i] - 256 * high;
    upper[i] = static_cast<int8_t>(high);
    lower[i] = static_cast<int8_t>(low);
    upper_total += static_cast<uint32_t>(high);
    lower_total += static_cast<uint32_t>(low);
  }
  upper_sum = upper_total;
  lower_sum = lower_total;
}

}  // namespace

void Queries::assign(const float* values, int32_t count, int32_t dimension, Similarity similarity,
                     int32_t planes, const Packing& packing, const Arithmetic& arithmetic) {
  values_ = values;
  dimension_ = dimension;
  planes_ = planes;
  similarity_ = similarity;
  packing_ = &packing;
  arithmetic_ = &arithmetic;
  const auto steps = static_cast<int32_t>(divide_up(dimension, kStepValues));
  const int32_t columns = count * planes;
  codes_.resize(count);
  start_.resize(columns);
  packed_.resize(divide_up(packing.packed_bytes(columns, steps), sizeof(Line)));
  unit_.resize(padded(dimension));
  integers_.resize(padded(dimension));
  for (auto& plane : planes_of_one_) plane.assign(steps * kStepValues, 0);
  for (int32_t q = 0; q < count; ++q) {
    codes_[q].norm = std::sqrt(arithmetic.dot(this->values(q), this->values(q), dimension));
    const int32_t first = q * planes / packing.columns * packing.columns;
    quantise(q, packed_[0].bytes + packing.packed_bytes(first, steps), q * planes - first,
             std::min(packing.columns, columns - first));
  }
}

void Queries::quantise(int32_t query, uint8_t* pack, int32_t column, int32_t width) {
  QueryCodes& codes = codes_[query];
  const double most = arithmetic_->centre(values(query), codes.norm == 0 ? 0 : 1 / codes.norm, nullptr,
                                          dimension_, unit_.data());
  // In the lower plane's steps, so that the upper plane's codes end at 127.
  codes.step = most == 0 ? 1 : most / (planes_ == 1 ? 127 : 127 * 256);
  const double residual = arithmetic_->quantise(unit_.data(), codes.step, dimension_, integers_.data()).error;
  uint32_t upper_sum = 0, lower_sum = 0;  // as the kernels' sums do, these may wrap around
  if (planes_ == 1) {
    narrow(integers_.data(), dimension_, planes_of_one_[0].data(), upper_sum);
  } else {
    split(integers_.data(), dimension_, planes_of_one_[0].data(), planes_of_one_[1].data(), upper_sum,
          lower_sum);
  }
  // Dividing has rounded each value by less than 2^-50 of it, and the sum of squares by less than 2^-52 a
  // value.
  codes.residual = residual * (1 + 0x1p-50 * (dimension_ + 16.0)) + 0x1p-49;
  const auto steps = static_cast<int32_t>(divide_up(dimension_, kStepValues));
  const auto write = [&](const int8_t* plane, int32_t p, uint32_t sum) {
    packing_->pack(plane, steps, column + p, width, pack);
    start_[query * planes_ + p] = static_cast<int32_t>(0 - 128 * sum);
  };
  write(planes_of_one_[0].data(), 0, upper_sum);
  if (planes_ == 2) write(planes_of_one_[1].data(), 1, lower_sum);
}

Bound Queries::bound(int32_t query, const Segment& segment) const {
  const QueryCodes& codes = codes_[query];
  const double dot = arithmetic_->dot(values(query), segment.codes().mean.data(), dimension_);
  return Bound(codes, codes.norm == 0 ? 0 : dot / codes.norm, segment, similarity_);
}

int64_t Queries::bytes() const {
  return static_cast<int64_t>(packed_.capacity() * sizeof(Line) + codes_.capacity() * sizeof(QueryCodes) +
                              start_.capacity() * sizeof(int32_t) + unit_.capacity() * sizeof(double) +
                              integers_.capacity() * sizeof(int32_t)) +
         static_cast<int64_t>(planes_of_one_[0].capacity() + planes_of_one_[1].capacity());
}

double Queries::score(int32_t query, const Segment& segment, int64_t row, float* scratch) const {
  const double dot = arithmetic_->dot(values(query), segment.source().row(row, scratch), dimension_);
  return similarity_ == Similarity::kDot ? dot : exact_cosine(dot, norm(query), segment.codes().norm[row]);
}

}  // namespace clip4j::search
