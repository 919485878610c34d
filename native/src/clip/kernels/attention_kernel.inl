// The attention kernel, once for each instruction set: no #pragma once, and everything in the including
// file's unnamed namespace, so that no other file can end up with code for a CPU that it does not run on. The
// including file has defined there
//   vector_math.inl's Vector, Integers and multiply_add
//   kRows, kColumns              rows and vectors of the block of sums that fits the registers
//   Value                        what is multiplied: float, or bfloat16 as uint16_t
//   broadcast(values)            a step of values, in every lane: one float or two bfloat16
//   add_products(a, b, sums)     adds a step's products, lane by lane
//   store_values(Vector, to)     as values

#include "clip/kernels/vector_math.inl"

namespace {

constexpr int64_t kBlock = kColumns * kLanes;
constexpr int64_t kPerStep = sizeof(float) / sizeof(Value);

int64_t blocks(int64_t count) { return (count + kBlock - 1) / kBlock; }
int64_t steps(int64_t count) { return (count + kPerStep - 1) / kPerStep; }

Value* as_values(float* memory) { return reinterpret_cast<Value*>(memory); }

// Writes whole steps: zeros after the last value.
void store_row(const float* from, int64_t count, Value* to) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store_values(load(from + i), to + i);
  if (i == count) return;
  float rest[kLanes] = {};
  Value values[kLanes];
  for (int64_t lane = 0; i + lane < count; ++lane) rest[lane] = from[i + lane];
  store_values(load(rest), values);
  for (int64_t lane = 0; i + lane < steps(count) * kPerStep; ++lane) to[i + lane] = values[lane];
}

// out[row][0..kBlock) = sum over i < `count` steps of left[row]'s step i * right[i][0..kBlock).
void multiply(const Value* const* left, const Value* right, int64_t count, float* const* out) {
  Vector sums[kRows][kColumns] = {};
  for (int64_t i = 0; i < count; ++i, right += kBlock * kPerStep) {
    Vector columns[kColumns];
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c)
      __builtin_memcpy(&columns[c], right + c * kLanes * kPerStep, sizeof(Vector));
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Vector value = broadcast(left[r] + i * kPerStep);
#pragma GCC unroll 8
      for (int c = 0; c < kColumns; ++c) sums[r][c] = add_products(value, columns[c], sums[r][c]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < kColumns; ++c) store(sums[r][c], out[r] + c * kLanes);
  }
}

// Turns the first `visible` scores into e^(scale (score - largest)), those up to `padded` (a multiple of
// kLanes) into 0, as values in the scores' place, and returns the sum.
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
    store_values(weight, as_values(scores) + i);
    sums += weight;
  }
  float sum = 0;
  for (int64_t lane = 0; lane < kLanes; ++lane) sum += sums[lane];
  return sum;
}

// [blocks(length)][steps(width)][kBlock]: keys turned, so that a vector holds a component, or two, of
// several. `row` has room for a key.
void pack_keys(const AttentionHead& head, Value* row, Value* to) {
  const int64_t size = steps(head.width) * kBlock * kPerStep;
  for (int64_t first = 0; first < head.length; first += kBlock, to += size) {
    const int64_t count = head.length - first < kBlock ? head.length - first : kBlock;
    for (int64_t i = 0; i < size && count < kBlock; ++i) to[i] = 0;
    for (int64_t i = 0; i < count; ++i) {
      store_row(head.key + (first + i) * head.stride, head.width, row);
      for (int64_t step = 0; step < steps(head.width); ++step) {
        __builtin_memcpy(to + (step * kBlock + i) * kPerStep, row + step * kPerStep, sizeof(float));
      }
    }
  }
}

// [blocks(width)][steps(length)][kBlock].
void pack_values(const AttentionHead& head, Value* to) {
  for (int64_t first = 0; first < head.width; first += kBlock) {
    const int64_t count = head.width - first < kBlock ? head.width - first : kBlock;
    for (int64_t i = 0; i < head.length; i += kPerStep, to += kBlock * kPerStep) {
      Value rows[kPerStep][kBlock] = {};
      for (int64_t r = 0; r < kPerStep && i + r < head.length; ++r) {
        store_row(head.value + (i + r) * head.stride + first, count, rows[r]);
      }
      for (int64_t d = 0; d < kBlock; ++d) {
        for (int64_t r = 0; r < kPerStep; ++r) to[d * kPerStep + r] = rows[r][d];
      }
    }
  }
}

void attend(const AttentionHead& head, float* scratch) {
  const int64_t score_stride = blocks(head.length) * kBlock, width = steps(head.width);
  float* const scores = scratch;
  Value* const queries = as_values(scores + kRows * score_stride);
  Value* const keys = queries + kRows * width * kPerStep;
  Value* const values = keys + score_stride * width * kPerStep;
  pack_keys(head, queries, keys);
  pack_values(head, values);
  const float scale = 1 / __builtin_sqrtf(static_cast<float>(head.width));
  for (int64_t first = 0; first < head.queries; first += kRows) {
    const int64_t rows = head.queries - first < kRows ? head.queries - first : kRows;
    const int64_t seen = head.causal ? first + rows : head.length;
    const Value* left[kRows];
    float* out[kRows];
    // Rows that the last block lacks repeat its last one, into memory of their own.
    for (int64_t r = 0; r < kRows; ++r) {
      Value* const query = queries + r * width * kPerStep;
      store_row(head.query + (first + (r < rows ? r : rows - 1)) * head.stride, head.width, query);
      left[r] = query;
    }
    for (int64_t b = 0; b < blocks(seen); ++b) {
      for (int64_t r = 0; r < kRows; ++r) out[r] = scores + r * score_stride + b * kBlock;
      multiply(left, keys + b * width * kBlock * kPerStep, width, out);
    }
    float sums[kRows];
    for (int64_t r = 0; r < kRows; ++r) {
      const int64_t visible = head.causal && r < rows ? first + r + 1 : seen;
      sums[r] = exponentiate(scores + r * score_stride, visible, blocks(seen) * kBlock, scale);
    }
    float products[kRows][kBlock];
    for (int64_t r = 0; r < kRows; ++r) {
      left[r] = as_values(scores + r * score_stride);
      out[r] = products[r];
    }
    for (int64_t d = 0; d < head.width; d += kBlock) {
      multiply(left, values + d * steps(head.length) * kPerStep, steps(seen), out);
      const int64_t count = head.width - d < kBlock ? head.width - d : kBlock;
      for (int64_t r = 0; r < rows; ++r) {
        float* to = head.out + (first + r) * head.out_stride + d;
        for (int64_t i = 0; i < count; ++i) to[i] = products[r][i] / sums[r];
      }
    }
  }
}

}  // namespace
