#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "clip/buffer.h"
#include "clip/encoder.h"
#include "clip/layers.h"
#include "clip/packed_linear.h"

namespace clip4j {

// The transformer in products of 8-bit or 16-bit values (clip/kernels/packed.h). What lies between them and
// the residual stream are float32; attention may round (clip/kernels/attention.h). Some sequences at a time
// go through all layers on one thread, from cache to cache; the threads share each layer for those that are
// left when there is not as much for everybody. A sequence's result depends on itself alone, to the last bit.
class PackedEncoder final : public Encoder {
 public:
  PackedEncoder(const clip4j_tower& tower, Wanted wanted, bool causal, const packed::Kernel& kernel);

  void declare(Weights& weights, const std::string& prefix) override;
  torch::Tensor run(torch::Tensor x, std::span<const int64_t> lengths) const override;
  int64_t bytes() const override;
  const char* kernel() const override { return kernel_.name; }
  int64_t scratch_bytes() const override;

 private:
  struct Layer {
    Layer(const clip4j_tower& tower, const packed::Kernel& kernel, PackedMemory& memory);

    LayerNorm norm1;
    PackedLinear qkv, out;
    LayerNorm norm2;
    PackedLinear fc1, fc2;
  };

  // Memory for what a thread computes: taken once.
  struct Scratch {
    PackedRows codes;
    Buffer wide;  // rows of float32 between two products
    Buffer head;  // queries, keys and values of a head, and what attention needs
  };

  // Some of the sequences, one after another.
  struct Chunk {
    std::span<const Sequence> sequences;
    int64_t first, rows;
    float* x;       // of all sequences
    float* wanted;  // a row a sequence of the chunk; null where all rows are wanted
  };

  // Floats of a row between two products.
  int64_t wide() const { return std::max(hidden_, intermediate_); }
  std::vector<Chunk> chunks(std::span<const Sequence> sequences, int64_t most_rows) const;
  // Memory for what each thread computes alone, and for the heads of a chunk that it shares.
  void make_room(std::span<const Chunk> alone, const Chunk* shared) const;
  void run_alone(std::span<const Chunk> chunks) const;
  // What all threads of the loop compute together lies in the first scratch.
  void run_chunk(const Chunk& chunk, std::span<Scratch> scratch, const Loop& loop) const;
  // Writes the rows of all heads, or the wanted ones.
  void attend(const Layer& layer, const Chunk& chunk, const packed::Rows& codes, bool wanted_only,
              std::span<Scratch> scratch, const Loop& loop) const;
  void run_mlp(const Layer& layer, float* x, int64_t rows, Scratch& scratch, const Loop& loop) const;
  // x becomes its codes and, where residuals begin behind norms, what the norm makes of it.
  void normalize(const LayerNorm& norm, float* x, const packed::Rows& codes, Scratch& scratch,
                 const Loop& loop) const;
  void encode(const float* values, int64_t width, const packed::Rows& codes, const Loop& loop) const;

  const packed::Kernel& kernel_;
  const packed::Finish activation_;
  const int64_t intermediate_;
  PackedMemory memory_;
  std::deque<Layer> layers_;
  mutable std::vector<Scratch> scratch_;  // of each thread
};

}  // namespace clip4j
