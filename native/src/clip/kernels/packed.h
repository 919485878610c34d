#pragma once

#include <cstdint>

#include "clip4j.h"

// Matrices of 8-bit or 16-bit values, and the kernels that multiply them. Plain data: the kernels' files may
// share no inline function with others.
namespace clip4j::packed {

// kInt8: weights are 8-bit integers with a scale an output; a row of x is 8-bit integers with a scale and a
// zero of its own, so that no row depends on its neighbours. kBf16: both are bfloat16. Sums are int32 or
// float32, and all that is not a product of matrices is float32.
enum class Element { kInt8, kBf16 };

constexpr int64_t kStepBytes = 4;   // of a row: 4 int8 or 2 bfloat16
constexpr int64_t kPanel = 64;      // outputs whose weights lie together
constexpr int64_t kLineSteps = 16;  // rows are whole cache lines, which tiles of AMX are made of

// Inputs of a layer in 8 bits: with more, sums of codes could leave an int32.
constexpr int64_t kMostInt8Inputs = 33'000;

constexpr int64_t values_per_step(Element element) { return element == Element::kInt8 ? 4 : 2; }

// W of y = x W^T + b.
struct Weights {
  const uint8_t* values;  // [panels][steps][64 outputs][4 bytes]; zeros after the last output and input
  const float* scale;     // [panels][64], int8 only
  const int32_t* sum;     // [panels][64], int8 only: of an output's codes
  const float* bias;      // [panels][64]
  int64_t steps;          // a multiple of kLineSteps
  int64_t outputs;
};

// Rows of x.
struct Rows {
  uint8_t* values;  // [count][bytes]
  float* scale;     // int8 only: a value is scale * (code - zero)
  int32_t* zero;
  int64_t bytes;  // of a row: steps * 4
  int64_t count;
};

// What becomes of x W^T + b: stored, added to what is there, or stored after an activation.
enum class Finish { kStore, kAdd, kQuickGelu, kGelu, kGeluTanh };

struct Output {
  float* values;  // row i at i * stride
  int64_t stride;
  Finish finish;
};

struct Kernel {
  const char* name;
  Element element;
  // One panel of outputs for all rows. Meanwhile the weights of panel `next` may be fetched, if there is one.
  void (*multiply)(const Weights& weights, int64_t panel, int64_t next, const Rows& rows,
                   const Output& output);
  // Writes row `row`. A value that is not finite makes the whole row's products not finite.
  void (*encode)(const float* values, int64_t width, const Rows& rows, int64_t row);
  // A layer norm of one row, which it may write over.
  void (*normalize)(const float* values, const float* weight, const float* bias, float epsilon, int64_t width,
                    float* normalized);
};

// For any CPU: the oracle.
extern const Kernel generic_int8, generic_bf16;
#if defined(__x86_64__)
extern const Kernel avx2_int8, avx2_bf16, avxvnni_int8, avx512_bf16, avx512vnni_int8, avx512bf16_bf16,
    amx_int8, amx_bf16;
#endif

// The kernel for this CPU and a precision other than CLIP4J_PRECISION_FP32.
const Kernel& kernel(clip4j_precision precision);

}  // namespace clip4j::packed
