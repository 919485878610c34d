#include "search/codes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "search/exact.h"
#include "search/pieces.h"

namespace clip4j::search {
namespace {

// The mean of a sample serves as well as the mean: it is off by 1/64 of the rows' spread.
constexpr int64_t kMeanRows = 4096;

// The least float that is not less, with what float64 sums may have lost added first.
float round_up(double value, int32_t dimension) {
  value *= 1 + 0x1p-50 * (dimension + 16.0);
  const auto rounded = static_cast<float>(value);
  return rounded < value ? std::nextafter(rounded, std::numeric_limits<float>::infinity()) : rounded;
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

// The greatest code for which no sum of products with a query's codes, which may be -128, leaves an int32: 127 for
// all but giant dimensions.
int32_t greatest_code(int32_t dimension) {
  return static_cast<int32_t>(
      std::min<int64_t>(127, std::numeric_limits<int32_t>::max() / (128 * static_cast<int64_t>(dimension))));
}

class Encoder {
 public:
  explicit Encoder(Codes& codes)
      : codes_(codes), limit_(greatest_code(codes.dimension)), centred_(codes.dimension) {}

  // Row i, whose norm is known. Returns |scale * code|, rounded up.
  float encode(const float* row, int64_t i) {
    const int32_t dimension = codes_.dimension;
    const double norm = codes_.norm[i];
    double most = 0;
    for (int32_t j = 0; j < dimension; ++j) {
      centred_[j] = (norm == 0 ? 0 : row[j] / norm) - codes_.mean[j];
      most = std::max(most, std::abs(centred_[j]));
    }
    const float scale = limit_ == 0 ? 0 : static_cast<float>(most / limit_);
    const double per_code = scale == 0 ? 0 : 1 / static_cast<double>(scale);
    uint8_t* to = codes_.values.data() + i / kBlockRows * codes_.block_bytes() + i % kBlockRows * kStepValues;
    double residual = 0, coded = 0;
    for (int32_t j = 0; j < dimension; ++j) {
      const double code = std::clamp<double>(std::nearbyint(centred_[j] * per_code), -limit_, limit_);
      const double value = code * scale;
      residual += (centred_[j] - value) * (centred_[j] - value);
      coded += value * value;
      to[j / kStepValues * kStepBytes + j % kStepValues] = static_cast<uint8_t>(code + 128);
    }
    codes_.scale[i] = scale;
    // Dividing and subtracting has rounded each value by less than 2^-51.
    codes_.error[i] = round_up(std::sqrt(residual) + 0x1p-51 * std::sqrt(dimension), dimension);
    return round_up(std::sqrt(coded), dimension);
  }

 private:
  Codes& codes_;
  const int32_t limit_;
  std::vector<double> centred_;
};

}  // namespace

Codes::Codes(int64_t rows, int32_t dimension) : rows(rows), dimension(dimension) {
  if (rows < 1 || rows > std::numeric_limits<int32_t>::max()) {
    fail(CLIP4J_INVALID_ARGUMENT, "the number of rows must be from 1 to 2147483647, not ", rows);
  }
  if (dimension < 1) fail(CLIP4J_INVALID_ARGUMENT, "the dimension must be at least 1, not ", dimension);
  values = Array<uint8_t>(blocks() * block_bytes());
  scale = Array<float>(blocks() * kBlockRows);
  error = Array<float>(blocks() * kBlockRows);
  norm = Array<double>(blocks() * kBlockRows);
  mean = Array<float>(dimension);
}

Codes encode(const float* rows, int64_t n, int32_t dimension) {
  Codes codes(n, dimension);
  const DefaultFloatingPoint environment;
  write_mean(rows, n, dimension, codes.mean);
  std::atomic<int64_t> first_bad{n};
  std::atomic<float> reach{0};
  for_each_piece(n, dimension, [&](int64_t begin, int64_t end) {
    Encoder encoder(codes);
    const int64_t padded = divide_up(end, kBlockRows) * kBlockRows;
    std::fill(&codes.values[begin / kBlockRows * codes.block_bytes()],
              codes.values.data() + padded / kBlockRows * codes.block_bytes(), 128);
    float most = 0;
    for (int64_t i = begin; i < end; ++i) {
      const float* row = rows + i * dimension;
      codes.norm[i] = exact_norm(row, dimension);
      if (!std::isfinite(codes.norm[i])) {
        lower_to(first_bad, i);
        return;
      }
      most = std::max(most, encoder.encode(row, i));
    }
    for (int64_t i = end; i < padded; ++i) codes.scale[i] = codes.error[i] = 0, codes.norm[i] = 0;
    raise_to(reach, most);
  });
  if (first_bad < n)
    fail(CLIP4J_INVALID_ARGUMENT, "row ", first_bad.load(), " has a value that is not finite");
  codes.reach = reach;
  return codes;
}

}  // namespace clip4j::search
