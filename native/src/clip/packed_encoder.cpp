#include "clip/packed_encoder.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/exit_gate.h"
#include "clip/encoder_layers.h"
#include "torch/ops.h"

namespace clip4j {
namespace {

// Rows of a chunk: enough that loading the weights takes a small part of the time, few enough that its
// float32 rows stay in a cache.
constexpr int64_t kChunkRows = 96;

packed::Finish finish(int32_t activation) {
  switch (activation) {
    case CLIP4J_GELU:
      return packed::Finish::kGelu;
    case CLIP4J_GELU_TANH:
      return packed::Finish::kGeluTanh;
    default:
      return packed::Finish::kQuickGelu;
  }
}

// Of a layer's weights.
int64_t floats(const clip4j_tower& tower, packed::Element element) {
  const int64_t hidden = tower.hidden_size, intermediate = tower.intermediate_size;
  return PackedLinear::floats(element, 3 * hidden, hidden, tower.heads) +
         PackedLinear::floats(element, hidden, hidden) + PackedLinear::floats(element, intermediate, hidden) +
         PackedLinear::floats(element, hidden, intermediate);
}

void room(Buffer& buffer, int64_t size) {
  if (buffer.size() < size) buffer = Buffer(size);
}

}  // namespace

PackedEncoder::Layer::Layer(const clip4j_tower& tower, const packed::Kernel& kernel, PackedMemory& memory)
    : norm1(tower.hidden_size, tower.layer_norm_eps),
      qkv(kernel, 3 * int64_t{tower.hidden_size}, tower.hidden_size, memory, tower.heads),
      out(kernel, tower.hidden_size, tower.hidden_size, memory),
      norm2(tower.hidden_size, tower.layer_norm_eps),
      fc1(kernel, tower.intermediate_size, tower.hidden_size, memory),
      fc2(kernel, tower.hidden_size, tower.intermediate_size, memory) {}

PackedEncoder::PackedEncoder(const clip4j_tower& tower, Wanted wanted, bool causal,
                             const packed::Kernel& kernel)
    : Encoder(tower, wanted, causal),
      kernel_(kernel),
      activation_(finish(tower.activation)),
      intermediate_(tower.intermediate_size),
      memory_(tower.layers * floats(tower, kernel.element)) {
  for (int32_t i = 0; i < tower.layers; ++i) layers_.emplace_back(tower, kernel, memory_);
}

void PackedEncoder::declare(Weights& weights, const std::string& prefix) {
  declare_layers(weights, prefix, layers_, [&](Layer& layer, const std::string& name) {
    layer.fc1.declare(weights, {name + ".fc1"});
    layer.fc2.declare(weights, {name + ".fc2"});
  });
}

torch::Tensor PackedEncoder::run(torch::Tensor x, std::span<const int64_t> lengths) const {
  const std::vector<Sequence> sequences = this->sequences(lengths);
  const auto count = static_cast<int64_t>(sequences.size());
  const int64_t rows = sequences.back().first + sequences.back().length, threads = torch::thread_count();
  torch::Tensor wanted;
  if (wanted_ != Wanted::kAll) wanted = zero_padded(count, rounded_rows(count), hidden_);
  std::vector<Chunk> chunks = this->chunks(sequences, std::min(kChunkRows, (rows + threads - 1) / threads));
  // As many for each thread, so that none waits long for another; they share the rest.
  const size_t own = chunks.size() - chunks.size() % static_cast<size_t>(threads);
  if (own < chunks.size()) {
    const size_t first = chunks[own].sequences.data() - sequences.data();
    chunks.resize(own);
    chunks.push_back(this->chunks(std::span(sequences).subspan(first), rows).front());
  }
  for (Chunk& chunk : chunks) {
    chunk.x = x.data();
    chunk.wanted = wanted ? wanted.data() + (chunk.sequences.data() - sequences.data()) * hidden_ : nullptr;
  }
  const std::span<const Chunk> alone(chunks.data(), own);
  const Chunk* const shared = own < chunks.size() ? &chunks.back() : nullptr;
  make_room(alone, shared);
  if (!alone.empty()) run_alone(alone);
  if (shared != nullptr) Team::run([&](const Loop& loop) { run_chunk(*shared, scratch_, loop); });
  return wanted ? std::move(wanted) : std::move(x);
}

int64_t PackedEncoder::bytes() const {
  int64_t bytes = memory_.bytes();
  for (const Layer& layer : layers_) {
    bytes += layer.norm1.bytes() + layer.qkv.bytes() + layer.out.bytes() + layer.norm2.bytes() +
             layer.fc1.bytes() + layer.fc2.bytes();
  }
  return bytes;
}

int64_t PackedEncoder::scratch_bytes() const {
  int64_t bytes = 0;
  for (const Scratch& scratch : scratch_) {
    bytes += scratch.codes.bytes() + scratch.wide.bytes() + scratch.head.bytes();
  }
  return bytes;
}

void PackedEncoder::make_room(std::span<const Chunk> alone, const Chunk* shared) const {
  const auto threads = static_cast<size_t>(torch::thread_count());
  if (scratch_.size() < threads) scratch_.resize(threads);
  int64_t rows = 0, head = 0;
  const auto see_head = [&](const Chunk& chunk) {
    head = std::max(head, chunk.rows * layers_.front().qkv.head_outputs() +
                              attention_scratch(longest(chunk.sequences), head_width()));
  };
  for (const Chunk& chunk : alone) {
    rows = std::max(rows, chunk.rows);
    see_head(chunk);
  }
  if (shared != nullptr) see_head(*shared);
  const auto room_for_rows = [&](Scratch& scratch, int64_t count) {
    scratch.codes.rows(kernel_.element, count, std::max(hidden_, intermediate_));
    room(scratch.wide, count * wide());
  };
  for (Scratch& scratch : scratch_) {
    room_for_rows(scratch, rows);
    room(scratch.head, head);
  }
  if (shared != nullptr) room_for_rows(scratch_.front(), shared->rows);
}

std::vector<PackedEncoder::Chunk> PackedEncoder::chunks(std::span<const Sequence> sequences,
                                                        int64_t most_rows) const {
  std::vector<Chunk> chunks;
  for (size_t begin = 0, end; begin < sequences.size(); begin = end) {
    int64_t rows = 0;
    for (end = begin; end < sequences.size() && rows < most_rows; ++end) rows += sequences[end].length;
    chunks.push_back({sequences.subspan(begin, end - begin), sequences[begin].first, rows, nullptr, nullptr});
  }
  return chunks;
}

// Each thread takes chunk after chunk.
void PackedEncoder::run_alone(std::span<const Chunk> chunks) const {
  std::atomic<size_t> next{0};
  std::atomic_flag failed = ATOMIC_FLAG_INIT;
  std::exception_ptr failure;
  const Loop loop = loop_alone();
  torch::parallel_for(torch::thread_count(), [&](int64_t, int64_t thread) {
    try {
      for (size_t i; (i = next.fetch_add(1)) < chunks.size();) {
        run_chunk(chunks[i], std::span(scratch_).subspan(static_cast<size_t>(thread), 1), loop);
      }
    } catch (...) {
      next = chunks.size();
      if (!failed.test_and_set()) failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

void PackedEncoder::run_chunk(const Chunk& chunk, std::span<Scratch> scratch, const Loop& loop) const {
  Scratch& common = scratch.front();
  const auto count = static_cast<int64_t>(chunk.sequences.size());
  float* x = chunk.x + chunk.first * hidden_;
  int64_t rows = chunk.rows;
  for (const Layer& layer : layers_) {
    exit_gate::check_running();
    // Behind the last layer's keys and values only the wanted rows matter.
    const bool wanted_only = chunk.wanted != nullptr && &layer == &layers_.back();
    const packed::Rows codes = common.codes.rows(kernel_.element, rows, hidden_);
    normalize(layer.norm1, x, codes, common, loop);
    attend(layer, chunk, codes, wanted_only, scratch, loop);
    if (wanted_only) {
      for (int64_t i = 0; i < count; ++i) {
        std::copy_n(chunk.x + chunk.sequences[static_cast<size_t>(i)].wanted * hidden_, hidden_,
                    chunk.wanted + i * hidden_);
      }
      x = chunk.wanted;
      rows = count;
    }
    const packed::Rows attended_codes = common.codes.rows(kernel_.element, rows, hidden_);
    encode(common.wide.data(), hidden_, attended_codes, loop);
    layer.out.run(attended_codes, {x, hidden_, packed::Finish::kAdd}, loop);
    run_mlp(layer, x, rows, common, loop);
  }
}

void PackedEncoder::attend(const Layer& layer, const Chunk& chunk, const packed::Rows& codes,
                           bool wanted_only, std::span<Scratch> scratch, const Loop& loop) const {
  AttentionKernel* const attend = attention_kernel(/*may_round=*/true);
  const int64_t stride = layer.qkv.head_outputs();
  float* const attended = scratch.front().wide.data();
  loop(heads_, [&](int64_t number, int64_t thread) {
    float* const qkv = scratch[static_cast<size_t>(thread)].head.data();
    layer.qkv.run_head(codes, number, {qkv, stride, packed::Finish::kStore});
    int64_t row = 0;
    for (Sequence sequence : chunk.sequences) {
      sequence.first -= chunk.first;
      sequence.wanted -= chunk.first;
      float* const out = attended + (wanted_only ? row++ : sequence.first) * hidden_ + number * head_width();
      attend(head(qkv, stride, head_width(), sequence, wanted_only, out), qkv + chunk.rows * stride);
    }
  });
}

void PackedEncoder::run_mlp(const Layer& layer, float* x, int64_t rows, Scratch& scratch,
                            const Loop& loop) const {
  const packed::Rows codes = scratch.codes.rows(kernel_.element, rows, hidden_);
  normalize(layer.norm2, x, codes, scratch, loop);
  float* const between = scratch.wide.data();
  layer.fc1.run(codes, {between, intermediate_, activation_}, loop);
  const packed::Rows between_codes = scratch.codes.rows(kernel_.element, rows, intermediate_);
  encode(between, intermediate_, between_codes, loop);
  layer.fc2.run(between_codes, {x, hidden_, packed::Finish::kAdd}, loop);
}

void PackedEncoder::normalize(const LayerNorm& norm, float* x, const packed::Rows& codes, Scratch& scratch,
                              const Loop& loop) const {
  float* const normalized = post_norm_ ? x : scratch.wide.data();
  loop(codes.count, [&](int64_t row, int64_t) {
    float* const to = normalized + row * hidden_;
    kernel_.normalize(x + row * hidden_, norm.weight(), norm.bias(), static_cast<float>(norm.epsilon()),
                      hidden_, to);
    kernel_.encode(to, hidden_, codes, row);
  });
}

void PackedEncoder::encode(const float* values, int64_t width, const packed::Rows& codes,
                           const Loop& loop) const {
  loop(codes.count, [&](int64_t row, int64_t) { kernel_.encode(values + row * width, width, codes, row); });
}

}  // namespace clip4j
