#include "clip/model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "base/cpu.h"
#include "base/error.h"
#include "base/exit_gate.h"
#include "clip/config.h"
#include "clip/device/pictures.h"
#include "clip/device/towers.h"
#include "clip/host_pictures.h"
#include "clip/kernels/packed.h"
#include "cuda/loader.h"
#include "torch/cuda.h"

namespace clip4j {
namespace {

// Rows of a tower's matrices that are computed at once. oneDNN is at full speed from some hundred rows on;
// the widest matrix has intermediate_size x this many floats (34 MB for ViT-L). A device needs more to be
// busy: the 256 pictures of ViT-L/14 are 65,792 rows, and its widest matrix then has 539 MB in 16 bits.
constexpr int64_t kMostRows = 2048, kMostRowsOnDevice = 131072;
constexpr int64_t kMostPictures = 32, kMostPicturesOnDevice = 256;

const clip4j_config& checked(const clip4j_config& config) {
  check_config(config);
  return config;
}

// Of the widest layer.
int64_t most_inputs(const clip4j_config& config) {
  return std::max({patch_width(config), int64_t{config.vision.hidden_size},
                   int64_t{config.vision.intermediate_size}, int64_t{config.text.hidden_size},
                   int64_t{config.text.intermediate_size}});
}

// Towers on devices have CLIP's and SigLIP's text layers.
void check_fits_device(const clip4j_config& config) {
  const bool pooled = config.text_pooling == CLIP4J_FIRST || config.text_pooling == CLIP4J_MEAN;
  if (pooled || config.vision.post_norm != 0 || config.text.post_norm != 0 || config.token_type != 0 ||
      config.text_projection_hidden != 0) {
    fail(CLIP4J_UNSUPPORTED,
         "a model whose text tower is like BERT's runs on the CPU alone: choose that device");
  }
}

// AUTO is what was fastest, at the accuracy that precisions promise (benchmarks/RESULTS.md), on a CPU with
// these instructions.
clip4j_precision resolved(clip4j_precision precision, const clip4j_config& config, bool on_device) {
  if (on_device) {
    check_fits_device(config);
    if (precision == CLIP4J_PRECISION_INT8) {
      fail(CLIP4J_UNSUPPORTED,
           "8-bit products (INT8) are the CPU's alone (on a device choose FP32, BF16, FP16 or AUTO)");
    }
    return precision == CLIP4J_PRECISION_AUTO ? CLIP4J_PRECISION_BF16 : precision;
  }
  if (precision == CLIP4J_PRECISION_FP16) {
    fail(CLIP4J_UNSUPPORTED,
         "16-bit floats (FP16) are for devices alone (on the CPU choose FP32, BF16, INT8 or AUTO)");
  }
  const int64_t most = most_inputs(config);
  const bool fits = most <= packed::kMostInt8Inputs;
  if (precision == CLIP4J_PRECISION_INT8 && !fits) {
    fail(CLIP4J_UNSUPPORTED, "a layer of ", most, " inputs is too wide for 8-bit products, which take ",
         packed::kMostInt8Inputs, " at most: choose another precision");
  }
  if (precision != CLIP4J_PRECISION_AUTO) return precision;
  const bool multiplies_int8 = has(InstructionSet::kAvxVnni) || has(InstructionSet::kAvx512Vnni);
  return fits && multiplies_int8 ? CLIP4J_PRECISION_INT8 : CLIP4J_PRECISION_FP32;
}

// More threads than cores make an encoding slower, and libgomp ends the process when it cannot start one.
int thread_count(int32_t threads) {
  if (threads < 0) fail(CLIP4J_INVALID_ARGUMENT, "threads is ", threads);
  return threads == 0 ? hardware_threads() : std::min<int>(threads, hardware_threads());
}

}  // namespace

Model::Model(const clip4j_config& config, int32_t threads, clip4j_precision precision,
             const std::optional<torch::Device>& device)
    : config_(checked(config)),
      precision_(resolved(precision, config_, device.has_value())),
      place_(device ? std::optional(device_place(*device, precision_)) : std::nullopt),
      limit_(device ? kMostRowsOnDevice : kMostRows, /*may_shrink=*/device.has_value()),
      lane_(thread_count(threads)),
      workers_(thread_count(threads), "clip4j-image"),
      vision_(VisionTower::make(config_, precision_, place_)),
      text_(TextTower::make(config_, precision_, place_)),
      weights_(lane_) {
  if (device && device->is_cuda()) lane_.run([&] { torch::try_cuda(device->cuda); });
  vision_->declare(weights_);
  text_->declare(weights_);
  std::vector<int64_t> logits;
  if (config_.logit_bias != 0) {
    logits.push_back(1);
    logit_bias_ = Buffer(1);
    weights_.want("logit_bias", logits, [this] { return logit_bias_.data(); });
  }
  weights_.want("logit_scale", logits, [this] { return log_scale_.data(); });
}

void Model::finish() {
  weights_.check_complete();
  if (const float scale = std::exp(*log_scale_.data()); !std::isfinite(scale) || scale == 0) {
    fail(CLIP4J_CORRUPT, "exp(logit_scale) is ", scale, ": logit_scale is ", *log_scale_.data());
  }
  finished_ = true;
}

void Model::check_finished() const {
  if (!finished_) fail(CLIP4J_INVALID_ARGUMENT, "the model is not finished");
}

float Model::logit_scale() const {
  check_finished();
  return std::exp(*log_scale_.data());
}

float Model::logit_bias() const {
  check_finished();
  return logit_bias_.size() == 0 ? 0 : *logit_bias_.data();
}

int64_t Model::most_pictures() const {
  return std::clamp<int64_t>(limit_.rows() / picture_tokens(config_), 1,
                             place_ ? kMostPicturesOnDevice : kMostPictures);
}

clip4j_memory Model::memory() const {
  clip4j_memory memory{};
  lane_.run([&] {
    memory.vision_weights = vision_->bytes();
    memory.text_weights = text_->bytes() + log_scale_.bytes() + logit_bias_.bytes();
    memory.scratch = vision_->scratch_bytes() + text_->scratch_bytes() + patches_.idle_bytes() +
                     (pixels_ ? pixels_->bytes() : 0);
  });
  return memory;
}

void Model::preprocess_on_gpu(const cuda::Library& library) {
  if (!place_) fail(CLIP4J_INVALID_ARGUMENT, "a model of the CPU's has its pictures preprocessed there");
  if (place_->device.is_cuda()) cuda::check_device(library, place_->device.cuda);
  auto blocks = std::make_unique<PixelBlocks>(library, place_->device.cuda);
  lane_.run([&] { try_device_pictures(*blocks, config_, *place_); });
  pixels_ = std::move(blocks);
}

std::unique_ptr<Pictures> Model::pictures(const clip4j_preprocessing& preprocessing, int64_t most) const {
  if (!pixels_) return std::make_unique<HostPictures>(preprocessing, config_, place_, patches_, most);
  return std::make_unique<DevicePictures>(*pixels_, preprocessing, config_, *place_, most);
}

std::unique_ptr<Lane::Run> Model::embed_pictures(int64_t pictures, Patches patches, float* rows) const {
  check_finished();
  return std::make_unique<Lane::Run>(lane_, [this, pictures, patches = std::move(patches), rows] {
    embed_on_lane(pictures, patches, rows);
  });
}

void Model::embed_on_lane(int64_t pictures, const Patches& patches, float* rows) const {
  const int64_t tokens = picture_tokens(config_), width = config_.projection_dim;
  for (int64_t first = 0, count; first < pictures;) {
    count = std::min(pictures - first, most_pictures());
    const bool done = limit_.run(count, count * tokens, [&] {
      const torch::Tensor result = vision_->run(patches(first, count), count);
      std::copy_n(result.data(), count * width, rows + first * width);
    });
    if (done) first += count;
  }
}

std::span<const int32_t> Model::read_part(std::span<const int32_t> ids, size_t number) const {
  for (const int32_t id : ids) {
    if (id < 0 || id >= config_.vocabulary_size) {
      fail(CLIP4J_INVALID_ARGUMENT, "text ", number, " has token id ", id, ", outside the vocabulary of ",
           config_.vocabulary_size);
    }
  }
  if (config_.text_pooling != CLIP4J_END_OF_TEXT) return ids;
  const auto end = config_.end_of_text_id < 0 ? std::ranges::max_element(ids)
                                              : std::ranges::find(ids, config_.end_of_text_id);
  if (end == ids.end()) {
    fail(CLIP4J_INVALID_ARGUMENT, "text ", number, " has no end-of-text token (id ", config_.end_of_text_id,
         ")");
  }
  return ids.first(static_cast<size_t>(end - ids.begin()) + 1);
}

void Model::embed_texts(const int32_t* ids, std::span<const int32_t> lengths, float* rows) const {
  check_finished();
  std::vector<std::span<const int32_t>> texts;
  texts.reserve(lengths.size());
  for (const int32_t length : lengths) {
    if (length < 1 || length > config_.max_positions) {
      fail(CLIP4J_INVALID_ARGUMENT, "text ", texts.size(), " has ", length, " tokens, the model takes 1 to ",
           config_.max_positions);
    }
    texts.push_back(read_part({ids, static_cast<size_t>(length)}, texts.size()));
    ids += length;
  }
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return texts[i].size(); });

  // On a device no text is longer than its batch's last: shorter ones are padded, or not with them.
  const bool padded = place_.has_value(), alike = padded && config_.causal_text == 0;
  std::vector<std::span<const int32_t>> batch;
  for (size_t first = 0; first < order.size();) {
    exit_gate::check_running();
    batch.clear();
    int64_t rows_taken = 0;
    for (size_t i = first; i < order.size(); ++i) {
      const std::span<const int32_t> text = texts[order[i]];
      const auto length = static_cast<int64_t>(text.size());
      const int64_t with_it = padded ? length * static_cast<int64_t>(batch.size() + 1) : rows_taken + length;
      if (!batch.empty() && (with_it > limit_.rows() || (alike && text.size() != batch.front().size()))) {
        break;
      }
      batch.push_back(text);
      rows_taken = with_it;
    }
    const bool done = limit_.run(static_cast<int64_t>(batch.size()), rows_taken,
                                 [&] { embed_batch(batch, &order[first], rows); });
    if (done) first += batch.size();
  }
}

void Model::embed_batch(std::span<const std::span<const int32_t>> texts, const size_t* places,
                        float* rows) const {
  lane_.run([&] {
    const torch::Tensor result = text_->run(texts);
    const float* from = result.data();
    for (size_t i = 0; i < texts.size(); ++i, from += config_.projection_dim) {
      std::copy_n(from, config_.projection_dim,
                  rows + static_cast<int64_t>(places[i]) * config_.projection_dim);
    }
  });
}

void make_unit(std::span<float> row) {
  double squares = 0;
  for (const float value : row) squares += static_cast<double>(value) * value;
  if (squares == 0) fail(CLIP4J_CORRUPT, "the model's embedding of it is zero");
  if (!std::isfinite(squares)) fail(CLIP4J_CORRUPT, "the model's embedding of it is not finite");
  const double scale = 1 / std::sqrt(squares);
  for (float& value : row) value = static_cast<float>(value * scale);
}

}  // namespace clip4j
