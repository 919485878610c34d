#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/accounting.h"
#include "base/worker_pool.h"
#include "clip/batch_limit.h"
#include "clip/buffer.h"
#include "clip/buffer_stock.h"
#include "clip/lane.h"
#include "clip/pictures.h"
#include "clip/pixel_blocks.h"
#include "clip/towers.h"
#include "clip/weights.h"
#include "clip4j.h"
#include "cuda/library.h"

namespace clip4j {

// A model of CLIP's kind. Read every tensor, finish, embed from any number of threads.
class Model {
 public:
  // threads: cores that one encoding may use, 0 = all that this process has. device: where, none: the CPU's
  // own towers.
  Model(const clip4j_config& config, int32_t threads, clip4j_precision precision,
        const std::optional<torch::Device>& device = std::nullopt);

  bool wants(const std::string& name) const { return weights_.wants(name); }
  auto wanted() const { return weights_.wanted(); }
  void read(const std::string& name, const std::string& path, int64_t offset, clip4j_dtype dtype,
            std::span<const int64_t> shape) {
    weights_.read(name, path, offset, dtype, shape);
  }
  void finish();
  // Throws CLIP4J_INVALID_ARGUMENT before finish.
  void check_finished() const;

  const clip4j_config& config() const { return config_; }
  // Never CLIP4J_PRECISION_AUTO.
  clip4j_precision precision() const { return precision_; }
  // What multiplies its matrices, in pictures' and texts' tower alike.
  const char* kernel() const { return vision_->kernel(); }
  // Waits for encodings that are under way.
  clip4j_memory memory() const;
  // The threads for work that comes before the encoding.
  WorkerPool& workers() const { return workers_; }
  float logit_scale() const;
  // 0 where it has none.
  float logit_bias() const;
  // Where the towers are on a device; none: the CPU's own.
  const std::optional<torch::Place>& place() const { return place_; }
  // From then on the device preprocesses pictures, with the library, which must outlive the model. Throws
  // CLIP4J_INVALID_ARGUMENT for a model of the CPU's, and what keeps the device from it. Before other threads
  // use the model.
  void preprocess_on_gpu(const cuda::Library& library);
  // Room for so many pictures; it and the preprocessing end before the model does.
  std::unique_ptr<Pictures> pictures(const clip4j_preprocessing& preprocessing, int64_t most) const;
  // How many pictures to embed at once: more need more memory and are no faster.
  int64_t most_pictures() const;
  // How often a device did not take a batch, so that from then on it got half.
  int32_t times_halved() const { return limit_.times_halved(); }

  // Pictures::patches.
  using Patches = std::function<torch::Tensor(int64_t first, int64_t count)>;
  // Begins to embed pictures; rows [pictures, projection_dim], of any length, are there when it is done.
  std::unique_ptr<Lane::Run> embed_pictures(int64_t pictures, Patches patches, float* rows) const;
  // rows: [lengths.size(), projection_dim] of any length.
  void embed_texts(const int32_t* ids, std::span<const int32_t> lengths, float* rows) const;

 private:
  void embed_on_lane(int64_t pictures, const Patches& patches, float* rows) const;
  // Embeds texts, the i-th to row places[i].
  void embed_batch(std::span<const std::span<const int32_t>> texts, const size_t* places, float* rows) const;
  // A text's ids up to where it is read.
  std::span<const int32_t> read_part(std::span<const int32_t> ids, size_t number) const;

  const clip4j_config config_;
  const clip4j_precision precision_;
  const std::optional<torch::Place> place_;
  mutable BatchLimit limit_;
  mutable Lane lane_;
  mutable WorkerPool workers_;
  mutable BufferStock patches_;          // which the CPU makes
  std::unique_ptr<PixelBlocks> pixels_;  // where there are some, the device makes patches of them
  const std::unique_ptr<VisionTower> vision_;
  const std::unique_ptr<TextTower> text_;
  Buffer log_scale_{1}, logit_bias_;  // the latter empty where there is none
  Weights weights_;
  std::atomic<bool> finished_{false};
};

// Divides the row by its length. Throws CLIP4J_CORRUPT when that is zero or not finite: an embedding without
// a direction must not pass for one.
void make_unit(std::span<float> row);

}  // namespace clip4j
