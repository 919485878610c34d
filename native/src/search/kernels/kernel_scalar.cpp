#include <algorithm>

#include "search/bound.h"
#include "search/kernels/kernel.h"

// The oracle: what the other kernels are tested against, written to be read.
namespace clip4j::search {
namespace {

constexpr int32_t kColumns = 2;

#include "search/kernels/float64.inl"

int64_t packed_bytes(int32_t columns, int32_t steps) {
  return static_cast<int64_t>(columns) * steps * kStepValues;
}

void pack(const int8_t* codes, int32_t steps, int32_t column, int32_t width, uint8_t* pack) {
  for (int32_t i = 0; i < steps * kStepValues; ++i) {
    pack[(i / kStepValues * width + column) * kStepValues + i % kStepValues] = static_cast<uint8_t>(codes[i]);
  }
}

// The sum of products of a row's codes and a column's. It fits; on the way it may wrap around.
int32_t product_sum(const uint8_t* row, int32_t steps, const uint8_t* column, int32_t width, int32_t start) {
  auto total = static_cast<uint32_t>(start);
  for (int64_t step = 0; step < steps; ++step) {
    for (int32_t i = 0; i < kStepValues; ++i) {
      total += static_cast<uint32_t>(row[step * kStepBytes + i] *
                                     static_cast<int8_t>(column[step * width * kStepValues + i]));
    }
  }
  return static_cast<int32_t>(total);
}

void scan(const CodeView& codes, const Block* blocks, int32_t block_count, const QueryView& queries,
          Found& found) {
  found.row_count = found.run_count = 0;
  const int32_t columns = queries.count * queries.planes;
  for (const Block* block = blocks; block < blocks + block_count; ++block) {
    for (int32_t q = 0; q < queries.count; ++q) {
      const int32_t first = q * queries.planes / kColumns * kColumns,
                    width = std::min(kColumns, columns - first);
      const uint8_t* pack = queries.packed + packed_bytes(first, codes.steps);
      const Floor& floor = queries.floors[q];
      const int32_t before = found.row_count;
      for (int32_t r = 0; r < kBlockRows; ++r) {
        if ((block->allowed >> r & 1) == 0) continue;
        const uint8_t* row = codes.values + block->number * codes.block_bytes + r * kStepValues;
        const auto plane = [&](int32_t p) {
          const int32_t column = q * queries.planes + p;
          return static_cast<float>(product_sum(row, codes.steps, pack + (column - first) * kStepValues,
                                                width, queries.start[column]));
        };
        const float total = queries.planes == 1 ? plane(0) : plane(0) * 256 + plane(1);
        const int64_t at = static_cast<int64_t>(block->number) * kBlockRows + r;
        const float product = total * codes.scale[at];
        const bool passed = codes.weight == nullptr
                                ? passes(product, codes.error[at], 1, {floor.threshold, 0, floor.error})
                                : passes(product, codes.error[at], codes.weight[at], floor);
        if (!passed) continue;
        found.rows[found.row_count] = static_cast<int32_t>(at);
        found.products[found.row_count++] = product;
      }
      if (found.row_count > before) found.runs[found.run_count++] = {q, found.row_count - before};
    }
  }
}

}  // namespace

const Kernel scalar_kernel = {
    "scalar", nullptr, {kColumns, packed_bytes, pack}, scan, {dot, centre, quantise}};

}  // namespace clip4j::search
