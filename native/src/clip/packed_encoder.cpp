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

// Rows of a chunk: enough that weights come from memory slowly, few enough that its float32 rows stay in a
// cache.
constexpr int64_t kChunkRows = 96;

// Float32 rows of a sequence beyond which threads that each have one are in each other's way in the last
// cache: 8 of ViT-L/14's pictures (5.3 MB each) are 8 to 10% faster shared, ViT-B/16's (3 MB) 5% slower.
constexpr int64_t kMostOwnBytes = 4 << 20;

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
  return PackedLinear::floats(element, 3 * hidden, hidden) + PackedLinear::floats(element, hidden, hidden) +
         PackedLinear::floats(element, intermediate, hidden) +
         PackedLinear::floats(element, hidden, intermediate);
}

void room(Buffer& buffer, int64_t size) {
  if (buffer.size() < size) buffer = Buffer(size);
}

}  // namespace

PackedEncoder::Layer::Layer(const clip4j_tower& tower, packed::Element element, PackedMemory& memory)
    : norm1(tower.hidden_size, tower.layer_norm_eps),
      qkv(element, 3 * int64_t{tower.hidden_size}, tower.hidden_size, memory),
      out(element, tower.hidden_size, tower.hidden_size, memory),
      norm2(tower.hidden_size, tower.layer_norm_eps),
      fc1(element, tower.intermediate_size, tower.hidden_size, memory),
      fc2(element, tower.hidden_size, tower.intermediate_size, memory) {}

PackedEncoder::PackedEncoder(const clip4j_tower& tower, Wanted wanted, bool causal, packed::Element element)
    : Encoder(tower, wanted, causal),
      element_(element),
      kernel_(packed::kernel(element)),
      activation_(finish(tower.activation)),
      intermediate_(tower.intermediate_size),
      memory_(tower.layers * floats(tower, element)) {
  for (int32_t i = 0; i < tower.layers; ++i) layers_.emplace_back(tower, element, memory_);
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
  // As many rows for each thread, so that none waits long for another.
  std::vector<Chunk> chunks = this->chunks(sequences, std::min(kChunkRows, (rows + threads - 1) / threads));
  if (static_cast<int64_t>(chunks.size()) < threads) chunks = this->chunks(sequences, rows);
  for (Chunk& chunk : chunks) {
    chunk.x = x.data();
    chunk.wanted = wanted ? wanted.data() + (chunk.sequences.data() - sequences.data()) * hidden_ : nullptr;
  }
  const bool shared = static_cast<int64_t>(chunks.size()) < threads ||
                      longest(sequences) * (hidden_ + wide()) * int64_t{sizeof(float)} > kMostOwnBytes;
  make_room(chunks, shared ? 1 : threads, shared ? threads : 1);
  if (shared) {
    Team::run([&](const Loop& loop) {
      for (const Chunk& chunk : chunks) run_chunk(chunk, scratch_[0], loop);
    });
  } else {
    run_alone(chunks);
  }
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
    bytes += scratch.codes.bytes() + scratch.wide.bytes() + scratch.attention.bytes();
  }
  return bytes;
}

void PackedEncoder::make_room(std::span<const Chunk> chunks, int64_t scratches, int64_t threads) const {
  int64_t rows = 0, longest = 0;
  for (const Chunk& chunk : chunks) {
    rows = std::max(rows, chunk.rows);
    longest = std::max(longest, Encoder::longest(chunk.sequences));
  }
  if (static_cast<int64_t>(scratch_.size()) < scratches) scratch_.resize(static_cast<size_t>(scratches));
  for (Scratch& scratch : std::span(scratch_).first(static_cast<size_t>(scratches))) {
    scratch.codes.rows(element_, rows, std::max(hidden_, intermediate_));
    room(scratch.wide, rows * wide());
    room(scratch.attention, threads * attention_scratch(longest, hidden_ / heads_));
  }
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
        run_chunk(chunks[i], scratch_[static_cast<size_t>(thread)], loop);
      }
    } catch (...) {
      next = chunks.size();
      if (!failed.test_and_set()) failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

void PackedEncoder::run_chunk(const Chunk& chunk, Scratch& scratch, const Loop& loop) const {
  const int64_t attention_size = attention_scratch(longest(chunk.sequences), hidden_ / heads_);
  float* const attention = scratch.attention.data();
  float* const qkv = scratch.wide.data();
  float* const attended = qkv + chunk.rows * 3 * hidden_;
  AttentionKernel* const attend = attention_kernel(/*may_round=*/true);
  const auto count = static_cast<int64_t>(chunk.sequences.size());
  float* x = chunk.x + chunk.first * hidden_;
  int64_t rows = chunk.rows;
  for (const Layer& layer : layers_) {
    exit_gate::check_running();
    // Behind the last layer's keys and values only the wanted rows matter.
    const bool wanted_only = chunk.wanted != nullptr && &layer == &layers_.back();
    const packed::Rows codes = scratch.codes.rows(element_, rows, hidden_);
    normalize(layer.norm1, x, codes, scratch, loop);
    layer.qkv.run(codes, {qkv, 3 * hidden_, packed::Finish::kStore}, loop);
    loop(count * heads_, [&](int64_t index, int64_t thread) {
      const int64_t number = index / heads_;
      Sequence sequence = chunk.sequences[static_cast<size_t>(number)];
      sequence.first -= chunk.first;
      sequence.wanted -= chunk.first;
      float* const out = attended + (wanted_only ? number : sequence.first) * hidden_;
      attend(head(qkv, sequence, index % heads_, wanted_only, out), attention + thread * attention_size);
    });
    if (wanted_only) {
      for (int64_t i = 0; i < count; ++i) {
        std::copy_n(chunk.x + chunk.sequences[static_cast<size_t>(i)].wanted * hidden_, hidden_,
                    chunk.wanted + i * hidden_);
      }
      x = chunk.wanted;
      rows = count;
    }
    const packed::Rows attended_codes = scratch.codes.rows(element_, rows, hidden_);
    encode(attended, hidden_, attended_codes, loop);
    layer.out.run(attended_codes, {x, hidden_, packed::Finish::kAdd}, loop);
    run_mlp(layer, x, rows, scratch, loop);
  }
}

void PackedEncoder::run_mlp(const Layer& layer, float* x, int64_t rows, Scratch& scratch,
                            const Loop& loop) const {
  const packed::Rows codes = scratch.codes.rows(element_, rows, hidden_);
  normalize(layer.norm2, x, codes, scratch, loop);
  float* const between = scratch.wide.data();
  layer.fc1.run(codes, {between, intermediate_, activation_}, loop);
  const packed::Rows between_codes = scratch.codes.rows(element_, rows, intermediate_);
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
