#include "search/codes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "search/bound.h"
#include "search/exact.h"
#include "search/kernels/kernel.h"
#include "search/pieces.h"

namespace clip4j::search {
namespace {

// The mean of a sample serves as well as the mean: it is off by 1/64 of the rows' spread.
constexpr int64_t kMeanRows = 4096;

// The least float that is not less, with what float64 sums may have lost added first.
float round_up(double value, int32_t dimension) {
  value *= 1 + 0x1p-50 * (dimension + 16.0);
  return search::round_up(value);
}

void write_mean(const float* rows, int64_t n, int32_t dimension, Array<float>& mean) {
  const int64_t stride = divide_up(n, kMeanRows);
  std::vector<double> sum(dimension);
  int64_t count = 0;
  for (int64_t i = 0; i < n; i += stride, ++count) {
    const float* row = rows + i * dimension;
    const double norm = exact_norm(row, dimension);
    if (!std::isfinite(norm) || norm == 0) continue;
    for (int32_t j = 0; j < dimension; ++j) sum[j] += row[j] / norm;
  }
  for (int32_t j = 0; j < dimension; ++j) mean[j] = static_cast<float>(sum[j] / static_cast<double>(count));
}

// The greatest code for which no sum of products with a query's codes, which may be -128, leaves an int32:
// 127 for all but giant dimensions.
int32_t greatest_code(int32_t dimension) {
  return static_cast<int32_t>(
      std::min<int64_t>(127, std::numeric_limits<int32_t>::max() / (128 * static_cast<int64_t>(dimension))));
}

class Encoder {
 public:
  explicit Encoder(Codes& codes)
      : codes_(codes),
        arithmetic_(kernel(instruction_set()).arithmetic),
        limit_(greatest_code(codes.dimension)),
        centred_(padded(codes.dimension)),
        integers_(padded(codes.dimension)) {}

  // Row i. False when it is not finite.
  bool encode(const float* row, int64_t i) {
    const int32_t dimension = codes_.dimension;
    const double norm = std::sqrt(arithmetic_.dot(row, row, dimension));
    if (!std::isfinite(norm)) return false;
    const double most =
        arithmetic_.centre(row, norm == 0 ? 0 : 1 / norm, codes_.mean.data(), dimension, centred_.data());
    // Below, a scale would be rounded so much that codes overflow.
    constexpr double least_scale = 1e-30;
    const double step = limit_ == 0 ? 0 : most / limit_;
    const float scale = step < least_scale ? 0 : static_cast<float>(step);
    const Residual residual = arithmetic_.quantise(centred_.data(), scale, dimension, integers_.data());
    uint8_t* to = codes_.values.data() + i / kBlockRows * codes_.block_bytes() + i % kBlockRows * kStepValues;
    for (int64_t step_number = 0; step_number < codes_.steps(); ++step_number) {
      for (int32_t value = 0; value < kStepValues; ++value) {
        to[step_number * kStepBytes + value] =
            static_cast<uint8_t>(integers_[step_number * kStepValues + value] + 128);
      }
    }
    codes_.norm[i] = norm;
    codes_.scale[i] = scale;
    // Dividing and subtracting has rounded each value by less than 2^-50.
    codes_.error[i] = round_up(residual.error + 0x1p-50 * std::sqrt(dimension), dimension);
    reach_ = std::max(reach_, round_up(residual.reach, dimension));
    return true;
  }

  // The greatest |scale * code| so far.
  float reach() const { return reach_; }

 private:
  Codes& codes_;
  const Arithmetic& arithmetic_;
  const int32_t limit_;
  std::vector<double> centred_;
  std::vector<int32_t> integers_;
  float reach_ = 0;
};

}  // namespace

Codes::Codes(int64_t rows, int32_t dimension) : rows(rows), dimension(dimension) {
  if (rows < 1 || rows > std::numeric_limits<int32_t>::max()) {
    fail(CLIP4J_INVALID_ARGUMENT, "the number of rows must be from 1 to 2147483647, not ", rows);
  }
  check_dimension(dimension);
  values = Array<uint8_t>(blocks() * block_bytes());
  scale = Array<float>(blocks() * kBlockRows);
  error = Array<float>(blocks() * kBlockRows);
  norm = Array<double>(blocks() * kBlockRows);
  mean = Array<float>(dimension);
}

void check_dimension(int32_t dimension) {
  if (dimension < 1 || dimension > kMostDimension) {
    fail(CLIP4J_INVALID_ARGUMENT, "the dimension must be from 1 to ", kMostDimension, ", not ", dimension);
  }
}

Codes encode(const float* rows, int64_t n, int32_t dimension) {
  Codes codes(n, dimension);
  const DefaultFloatingPoint environment;
  write_mean(rows, n, dimension, codes.mean);
  std::atomic<int64_t> first_bad{n};
  std::atomic<float> reach{0};
  for_each_piece(n, dimension, [&](int64_t begin, int64_t end) {
    Encoder encoder(codes);
    const int64_t all = divide_up(end, kBlockRows) * kBlockRows;
    std::fill(&codes.values[begin / kBlockRows * codes.block_bytes()],
              codes.values.data() + all / kBlockRows * codes.block_bytes(), 128);
    for (int64_t i = begin; i < end; ++i) {
      if (!encoder.encode(rows + i * dimension, i)) {
        lower_to(first_bad, i);
        return;
      }
    }
    for (int64_t i = end; i < all; ++i) codes.scale[i] = codes.error[i] = 0, codes.norm[i] = 0;
    raise_to(reach, encoder.reach());
  });
  if (first_bad < n)
    fail(CLIP4J_INVALID_ARGUMENT, "row ", first_bad.load(), " has a value that is not finite");
  codes.reach = reach;
  return codes;
}

}  // namespace clip4j::search
