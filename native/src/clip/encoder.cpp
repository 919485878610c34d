#include "clip/encoder.h"

#include <algorithm>

#include "clip/float_encoder.h"
#include "clip/packed_encoder.h"

namespace clip4j {

std::unique_ptr<Encoder> Encoder::make(const clip4j_tower& tower, Wanted wanted, bool causal,
                                       clip4j_precision precision) {
  if (precision == CLIP4J_PRECISION_FP32) return std::make_unique<FloatEncoder>(tower, wanted, causal);
  return std::make_unique<PackedEncoder>(tower, wanted, causal, packed::kernel(precision));
}

Encoder::Encoder(const clip4j_tower& tower, Wanted wanted, bool causal)
    : wanted_(wanted),
      causal_(causal),
      post_norm_(tower.post_norm != 0),
      hidden_(tower.hidden_size),
      heads_(tower.heads) {}

int64_t Encoder::longest(std::span<const Sequence> sequences) {
  return std::ranges::max(sequences, {}, &Sequence::length).length;
}

std::vector<Encoder::Sequence> Encoder::sequences(std::span<const int64_t> lengths) const {
  std::vector<Sequence> sequences;
  sequences.reserve(lengths.size());
  int64_t first = 0;
  for (const int64_t length : lengths) {
    sequences.push_back({first, length, wanted_ == Wanted::kLast ? first + length - 1 : first});
    first += length;
  }
  return sequences;
}

AttentionHead Encoder::head(const float* query, int64_t stride, int64_t apart, const Sequence& sequence,
                            bool wanted_only, float* attended) const {
  const float* const first = query + sequence.first * stride;
  // The wanted row of a causal sequence is its last, which sees all the others: no mask is left.
  return {.query = wanted_only ? query + sequence.wanted * stride : first,
          .key = first + apart,
          .value = first + 2 * apart,
          .stride = stride,
          .queries = wanted_only ? 1 : sequence.length,
          .length = sequence.length,
          .width = head_width(),
          .causal = causal_ && !wanted_only,
          .out = attended,
          .out_stride = hidden_};
}

}  // namespace clip4j
