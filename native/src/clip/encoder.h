#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "clip/kernels/attention.h"
#include "clip/weights.h"
#include "clip4j.h"
#include "torch/tensor.h"

namespace clip4j {

// The transformer that both towers share, but for the norm behind its last layer. Sequences of all lengths
// lie in one matrix, one after another: only attention works by sequence.
class Encoder {
 public:
  // Which rows of each sequence are wanted in the end.
  enum class Wanted { kFirst, kLast, kAll };

  // causal: row i of a sequence attends to rows 0 to i only. Not where the first row is wanted.
  static std::unique_ptr<Encoder> make(const clip4j_tower& tower, Wanted wanted, bool causal,
                                       clip4j_precision precision);
  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // PREFIX.encoder.layers.N...
  virtual void declare(Weights& weights, const std::string& prefix) = 0;
  // x [at least the sum of the lengths, hidden], which it may overwrite: the sequences one after another ->
  // the wanted rows, one after another [at least as many, hidden]. What lies beyond means nothing.
  virtual torch::Tensor run(torch::Tensor x, std::span<const int64_t> lengths) const = 0;
  virtual int64_t bytes() const = 0;
  // What multiplies its matrices.
  virtual const char* kernel() const = 0;
  // What it keeps between two runs to compute in; on the lane only.
  virtual int64_t scratch_bytes() const { return 0; }

 protected:
  struct Sequence {
    int64_t first;  // its first row
    int64_t length;
    int64_t wanted;  // its wanted row, if that is one
  };

  Encoder(const clip4j_tower& tower, Wanted wanted, bool causal);

  static int64_t longest(std::span<const Sequence> sequences);
  std::vector<Sequence> sequences(std::span<const int64_t> lengths) const;
  int64_t head_width() const { return hidden_ / heads_; }
  // A head of a sequence. `query` is that of row 0, the next row's is `stride` floats behind it; keys and
  // values are `apart` floats behind queries and keys. `attended`: the sequence's first row, or its only one
  // where only the wanted one is computed.
  AttentionHead head(const float* query, int64_t stride, int64_t apart, const Sequence& sequence,
                     bool wanted_only, float* attended) const;

  const Wanted wanted_;
  const bool causal_;
  const bool post_norm_;  // residuals begin behind the norms (clip4j_tower)
  const int64_t hidden_;
  const int64_t heads_;
};

}  // namespace clip4j
