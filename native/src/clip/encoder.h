#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "clip/layers.h"
#include "clip/mlp.h"
#include "clip4j.h"

namespace clip4j {

// `rows` or a little more. oneDNN compiles code for each number of rows that it meets and keeps some 0.4 MB a
// time, up to 1024 times: texts, which have any number of tokens, are brought to few sizes, at most a quarter
// larger.
int64_t rounded_rows(int64_t rows);

// [total, width]: zeros from row `rows` on, uninitialised before.
torch::Tensor zero_padded(int64_t rows, int64_t total, int64_t width);

// The pre-norm transformer that both towers share. Sequences of all lengths lie in one matrix, one after
// another: only attention works by sequence, so a sequence's result does not depend on the others (but for
// last bits where oneDNN splits long sums between threads, which it decides by the number of rows).
class Encoder {
 public:
  // Which rows of each sequence are wanted in the end.
  enum class Wanted { kFirst, kLast, kAll };

  // causal: row i of a sequence attends to rows 0 to i only. Not where the first row is wanted.
  Encoder(const clip4j_tower& tower, Wanted wanted, bool causal);

  // PREFIX.encoder.layers.N...
  void declare(Weights& weights, const std::string& prefix);
  // x [at least the sum of the lengths, hidden]: the sequences one after another -> the wanted rows, one
  // after another [at least as many, hidden]. What lies beyond means nothing.
  torch::Tensor run(torch::Tensor x, std::span<const int64_t> lengths) const;

 private:
  struct Layer {
    explicit Layer(const clip4j_tower& tower);

    LayerNorm norm1;
    Linear qkv, out;
    LayerNorm norm2;
    Mlp mlp;
  };

  struct Sequence {
    int64_t first;  // its first row
    int64_t length;
    int64_t wanted;  // its wanted row, if that is one
  };

  torch::Tensor run_layer(const Layer& layer, torch::Tensor x, std::span<const Sequence> sequences,
                          bool wanted_only) const;
  torch::Tensor attend(const torch::Tensor& qkv, std::span<const Sequence> sequences, bool wanted_only) const;
  torch::Tensor wanted_rows(const torch::Tensor& x, std::span<const Sequence> sequences) const;

  const Wanted wanted_;
  const bool causal_;
  const int64_t hidden_;
  const int64_t heads_;
  std::deque<Layer> layers_;
};

}  // namespace clip4j
