#pragma once

#include <cstdint>
#include <functional>

#include "torch/tensor.h"

// The operations that the CPU's towers need from libtorch, on float32 tensors; layer_norm() runs anywhere, in
// any type. This folder is the only place that
// names a symbol of libtorch. Shapes are checked before libtorch sees them; a mismatch is a bug of ours and
// throws CLIP4J_INTERNAL. Call from a lane's thread only (clip/lane.h).
namespace clip4j::torch {

// What linear() computes on its result while it is in the registers. silu(x) = x * sigmoid(x); gelu is the
// exact one, gelu_tanh its approximation by tanh.
enum class Activation { kNone, kSilu, kGelu, kGeluTanh };

// `weight` [outputs, inputs], row-major, copied into oneDNN's blocked layout for linear() and linear_add().
// Packed once, a single row costs a quarter of the time (Zen 4: 229 GFLOP/s instead of 60 at 50 rows).
Tensor pack_linear(const Tensor& weight);

// activation(x weight^T + bias): x [rows, inputs], bias [outputs] or an empty Tensor.
Tensor linear(const Tensor& x, const Tensor& packed_weight, const Tensor& bias, Activation activation);

// x weight^T + bias + residual: residual [rows, outputs].
Tensor linear_add(const Tensor& x, const Tensor& packed_weight, const Tensor& bias, const Tensor& residual);

// Normalises each row of x [rows, width], then times weight [width] plus bias [width].
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon);

// Calls body(index, thread) for 0 <= index < count on this thread's OpenMP threads; thread < thread_count().
// The body must not throw.
void parallel_for(int64_t count, const std::function<void(int64_t index, int64_t thread)>& body);

// How many threads the calling thread's operations use.
int64_t thread_count();

// Makes the calling thread one that only infers, with `threads` OpenMP threads for what it calls. The first
// time, also has libtorch create what it creates when an operation first runs, and guards that
// (base/exit_gate.h).
void prepare_thread(int threads);

// The version of the libtorch that was loaded, e.g. "2.10.0"; static text.
const char* version();

}  // namespace clip4j::torch
