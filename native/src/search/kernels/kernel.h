#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "search/layout.h"

// The inner loops of a search, a file for each instruction set. Pure: no allocation, no lock, no exception.
// All kernels give the same bits: integer sums are exact, and no float operation is fused.
namespace clip4j::search {

// Where the codes of a search come from, as far as their size tells, which decides what is prefetched for few
// queries: from a core's cache nothing; from one that cores share the next tile; from memory nothing either,
// but block by block, which the CPU fetches by itself. The wrong one costs a tenth to a half.
enum class Place { kCache, kSharedCache, kMemory };

// The codes of a segment, as a kernel reads them.
struct CodeView {
  const uint8_t* values;
  int64_t block_bytes;
  int32_t steps;
  const float* scale;
  const float* error;
  const float* weight;  // may be null
  Place place;
};

// Of a call they ascend.
struct Block {
  int32_t number;
  uint32_t allowed;  // bit r: row r of the block may be found
};

// A row passes unless
//
//     product + error * row error  <  threshold * row weight + offset,   product = row scale * sum of
//     products of codes
//
// or, where rows have no weights, < threshold.
struct Floor {
  float threshold;
  float offset;
  float error;
};

// Codes of queries, packed for a kernel: a query is one column (its upper 8 bits) or two (the lower 8 bits
// follow, and the sum is 256 * upper + lower). Packs of `Packing::columns` columns, the last one narrower,
// lie one after another.
struct QueryView {
  const uint8_t* packed;  // aligned to 64 bytes
  // Of each column: -128 * the sum of its codes, because row codes are stored with 128 added.
  const int32_t* start;
  const Floor* floors;  // of each query
  int32_t count;        // queries
  int32_t planes;       // columns of a query: 1 or 2
};

// The rows that passed, in runs of those of one block for one query.
struct Found {
  struct Run {
    int32_t query;
    int32_t count;
  };
  // Room for every row of the blocks times every query, and a run for every block times every query.
  int32_t* rows;
  float* products;
  Run* runs;
  int32_t row_count;
  int32_t run_count;
};

// How far quantised values are from those that they stand for, and from 0: Euclidean norms, as float64 sums
// give them.
struct Residual {
  double error;
  double reach;
};

// Values that centre() writes and quantise() reads and writes: a multiple of 8, zeros after the last.
constexpr int32_t padded(int32_t dimension) { return (dimension + 7) / 8 * 8; }

// How the codes of queries lie for what multiplies them.
struct Packing {
  int32_t columns;  // of a pack; even
  // What so many columns, in packs, take.
  int64_t (*packed_bytes)(int32_t columns, int32_t steps);
  // Writes a column of steps * 4 codes into the pack of `width` columns at `pack`.
  void (*pack)(const int8_t* codes, int32_t steps, int32_t column, int32_t width, uint8_t* pack);
};

// What scores and codes are made with: float64, the same bits whatever the instruction set.
struct Arithmetic {
  // exact_dot, to the bit.
  double (*dot)(const float* a, const float* b, int32_t dimension);
  // Writes values * factor - mean (null: 0), and returns the greatest magnitude.
  double (*centre)(const float* values, double factor, const float* mean, int32_t dimension, double* centred);
  // Writes the multiples of `step` (0: only 0) that are nearest.
  Residual (*quantise)(const double* centred, double step, int32_t dimension, int32_t* codes);
};

struct Kernel {
  const char* name;
  // As fast for so few queries that two columns of each fit into a pack of its own; null: none.
  const Kernel* for_few;
  Packing packing;
  // Finds the rows of some blocks that pass for some queries.
  void (*scan)(const CodeView& codes, const Block* blocks, int32_t block_count, const QueryView& queries,
               Found& found);
  Arithmetic arithmetic;
};

// The kernel for an instruction set, which the CPU must have.
const Kernel& kernel(InstructionSet set);

extern const Kernel scalar_kernel;
#if defined(__x86_64__)
extern const Kernel avx2_kernel;
extern const Kernel avxvnni_kernel;
extern const Kernel avx512_kernel;
extern const Kernel avx512vnni_kernel;
extern const Kernel amx_kernel;
#endif

}  // namespace clip4j::search
