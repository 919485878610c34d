// The attention kernel, once for each instruction set: no #pragma once, and everything in the including
// file's unnamed namespace, so that no other file can end up with code for a CPU that it does not run on. The
// including file has defined there
//   vector_math.h's Vector, Integers and multiply_add
//   kRows, kColumns              rows and vectors of the block of sums that fits the registers

#include "clip/vector_math.h"

namespace {

constexpr int64_t kBlock = kColumns * kLanes;

int64_t blocks(int64_t count) { return (count + kBlock - 1) / kBlock; }

// out[row][0..kBlock) = sum over i of left[row][i] * right[i * kBlock + (0..kBlock)).
void multiply(const float* const* left, const float* right, int64_t count, float* const* out) {
  Vector sums[kRows][kColumns] = {};
  for (int64_t i = 0; i < count; ++i, right += kBlock) {
    Vector columns[kColumns];
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) columns[c] = load(right + c * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vector value = left[r][i] - Vector{};
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) sums[r][c] = multiply_add(value, columns[c], sums[r][c]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) store(sums[r][c], out[r] + c * kLanes);
  }
}

// Turns the first `visible` scores into e^(scale (score - largest)), those up to `padded` (a multiple of
// kLanes) into 0, and returns the sum.
float exponentiate(float* scores, int64_t visible, int64_t padded, float scale) {
  for (int64_t i = visible; i < padded; ++i) scores[i] = -__builtin_inff();
  Vector largest = load(scores);
  for (int64_t i = kLanes; i < padded; i += kLanes) {
    const Vector next = load(scores + i);
    largest = next > largest ? next : largest;
  }
  float most = largest[0];
  for (int64_t lane = 1; lane < kLanes; ++lane) most = largest[lane] > most ? largest[lane] : most;
  Vector sums = {};
  for (int64_t i = 0; i < padded; i += kLanes) {
    const Vector weight = exponential((load(scores + i) - most) * scale);
    store(weight, scores + i);
    sums += weight;
  }
  float sum = 0;
  for (int64_t lane = 0; lane < kLanes; ++lane) sum += sums[lane];
  return sum;
}

// [blocks(length)][width][kBlock]: keys turned, so that a vector holds a component of several.
void pack_keys(const AttentionHead& head, float* to) {
  for (int64_t first = 0; first < head.length; first += kBlock, to += head.width * kBlock) {
    const int64_t count = head.length - first < kBlock ? head.length - first : kBlock;
    for (int64_t d = 0; d < head.width; ++d) {
      const float* from = head.key + first * head.stride + d;
      for (int64_t i = 0; i < count; ++i) to[d * kBlock + i] = from[i * head.stride];
      for (int64_t i = count; i < kBlock; ++i) to[d * kBlock + i] = 0;
    }
  }
}

// [blocks(width)][length][kBlock].
void pack_values(const AttentionHead& head, float* to) {
  for (int64_t first = 0; first < head.width; first += kBlock) {
    const int64_t count = head.width - first < kBlock ? head.width - first : kBlock;
    for (int64_t i = 0; i < head.length; ++i, to += kBlock) {
      const float* from = head.value + i * head.stride + first;
      for (int64_t d = 0; d < count; ++d) to[d] = from[d];
      for (int64_t d = count; d < kBlock; ++d) to[d] = 0;
    }
  }
}

void attend(const AttentionHead& head, float* scratch) {
  const int64_t score_stride = blocks(head.length) * kBlock;
  float* const keys = scratch;
  float* const values = keys + score_stride * head.width;
  float* const scores = values + blocks(head.width) * head.length * kBlock;
  pack_keys(head, keys);
  pack_values(head, values);
  const float scale = 1 / __builtin_sqrtf(static_cast<float>(head.width));
  for (int64_t first = 0; first < head.queries; first += kRows) {
    const int64_t rows = head.queries - first < kRows ? head.queries - first : kRows;
    const int64_t seen = head.causal ? first + rows : head.length;
    const float* left[kRows];
    float* out[kRows];
    // Rows that the last block lacks repeat its last one, into memory of their own.
    for (int64_t r = 0; r < kRows; ++r)
      left[r] = head.query + (first + (r < rows ? r : rows - 1)) * head.stride;
    for (int64_t b = 0; b < blocks(seen); ++b) {
      for (int64_t r = 0; r < kRows; ++r) out[r] = scores + r * score_stride + b * kBlock;
      multiply(left, keys + b * head.width * kBlock, head.width, out);
    }
    float sums[kRows];
    for (int64_t r = 0; r < rows; ++r) {
      sums[r] = exponentiate(scores + r * score_stride, head.causal ? first + r + 1 : seen,
                             blocks(seen) * kBlock, scale);
    }
    float products[kRows][kBlock];
    for (int64_t r = 0; r < kRows; ++r) {
      left[r] = scores + r * score_stride;
      out[r] = products[r];
    }
    for (int64_t d = 0; d < head.width; d += kBlock) {
      multiply(left, values + d * head.length, seen, out);
      const int64_t count = head.width - d < kBlock ? head.width - d : kBlock;
      for (int64_t r = 0; r < rows; ++r) {
        float* to = head.out + (first + r) * head.out_stride + d;
        for (int64_t i = 0; i < count; ++i) to[i] = products[r][i] / sums[r];
      }
    }
  }
}

}  // namespace
