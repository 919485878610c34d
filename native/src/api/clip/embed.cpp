#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

#include "api/clip/model_handle.h"
#include "base/boundary.h"
#include "base/exit_gate.h"
#include "clip/config.h"
#include "clip/pictures.h"

using namespace clip4j;

namespace {

// Adds the wall time of its life to `milliseconds`.
class Stopwatch {
 public:
  explicit Stopwatch(double& milliseconds) : milliseconds_(milliseconds) {}
  ~Stopwatch() {
    milliseconds_ +=
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& milliseconds_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Call inside a catch block.
void record_failure(clip4j_outcome& outcome) {
  outcome.status = translate_current_exception();
  copy_text(last_error(), outcome.message, sizeof(outcome.message));
}

// Refuses what cannot fit any picture; the rest is seen picture by picture.
void check_preprocessing(const clip4j_preprocessing& preprocessing, const clip4j_config& config) {
  if (preprocessing.crop_height != 0 || preprocessing.crop_width != 0) {
    check_ends_at(preprocessing.crop_height, preprocessing.crop_width, config);
  } else if (preprocessing.resize_mode == CLIP4J_EXACT) {
    check_ends_at(preprocessing.resize_height, preprocessing.resize_width, config);
  }
}

// Makes the rows of the outcomes that succeeded so far unit rows; one that has no direction turns into a
// failure.
int64_t make_unit_rows(std::span<clip4j_outcome> outcomes, int64_t width, float* rows) {
  const float* from = rows;
  float* to = rows;
  for (clip4j_outcome& outcome : outcomes) {
    if (outcome.status != CLIP4J_OK) continue;
    if (from != to) std::copy_n(from, width, to);
    from += width;
    try {
      make_unit({to, static_cast<size_t>(width)});
      to += width;
    } catch (const Error&) {
      record_failure(outcome);
    }
  }
  return (to - rows) / width;
}

// As many of a call's pictures as are embedded at once; used for one lot after another.
class Chunk {
 public:
  Chunk(const Model& model, const clip4j_preprocessing& preprocessing, int64_t most)
      : model_(model), pictures_(model.pictures(preprocessing, most)) {}

  // Decodes and preprocesses, on this thread and the model's workers. What goes wrong is an outcome.
  void read(std::span<const clip4j_image> images, std::span<clip4j_outcome> outcomes) {
    outcomes_ = outcomes;
    model_.workers().parallel_for(std::ssize(images), [&](int64_t i) {
      exit_gate::check_running();
      clip4j_outcome& outcome = outcomes[static_cast<size_t>(i)];
      outcome = {};
      try {
        pictures_->read(i, images[static_cast<size_t>(i)]);
      } catch (...) {
        record_failure(outcome);
      }
    });
    kept_.clear();
    for (size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].status == CLIP4J_OK) kept_.push_back(static_cast<int64_t>(i));
    }
    pictures_->keep(kept_);
  }

  // Begins to encode into `rows`, which end() makes unit rows; end() returns how many they are. False where
  // there is nothing to encode, and to end.
  bool begin(float* rows) {
    rows_ = rows;
    if (kept_.empty()) return false;
    running_ = model_.embed_pictures(
        std::ssize(kept_), [this](int64_t first, int64_t count) { return pictures_->patches(first, count); },
        rows);
    return true;
  }
  int64_t end() {
    running_->wait();
    running_.reset();
    pictures_->keep({});
    return make_unit_rows(outcomes_, model_.config().projection_dim, rows_);
  }

 private:
  const Model& model_;
  const std::unique_ptr<Pictures> pictures_;
  std::span<clip4j_outcome> outcomes_;
  std::vector<int64_t> kept_;
  float* rows_ = nullptr;
  std::unique_ptr<Lane::Run> running_;  // ends before what it uses
};

}  // namespace

int32_t clip4j_embed_images(const clip4j_model* handle, const clip4j_preprocessing* preprocessing,
                            const clip4j_image* images, int32_t n, float* rows, int32_t* row_count,
                            clip4j_outcome* outcomes, clip4j_timings* timings) {
  return translate_exceptions([&] {
    deref(row_count, "row_count") = 0;
    const Model& model = deref(handle, "model").model;
    const clip4j_config& config = model.config();
    check_preprocessing(deref(preprocessing, "preprocessing"), config);
    model.check_finished();
    if (n < 0) fail(CLIP4J_INVALID_ARGUMENT, "n is ", n);
    if (n > 0) {
      deref(images, "images");
      deref(rows, "rows");
      deref(outcomes, "outcomes");
    }

    clip4j_timings spent{};
    const int64_t most = std::min<int64_t>(n, model.most_pictures());
    // While a device encodes one chunk, the CPU reads the other; the CPU does one thing at a time.
    std::vector<std::unique_ptr<Chunk>> chunks(model.place() && n > most ? 2 : 1);
    {
      const Stopwatch watch(spent.preprocess_ms);
      for (auto& chunk : chunks) chunk = std::make_unique<Chunk>(model, *preprocessing, most);
    }
    Chunk* encoding = nullptr;
    const auto end = [&] {
      if (encoding == nullptr) return;
      const Stopwatch watch(spent.encode_ms);
      *row_count += static_cast<int32_t>(encoding->end());
      encoding = nullptr;
    };
    for (int64_t first = 0; first < n; first += most) {
      const auto count = static_cast<size_t>(std::min(n - first, most));
      Chunk& chunk = *chunks[static_cast<size_t>(first / most) % chunks.size()];
      if (&chunk == encoding) end();
      {
        const Stopwatch watch(spent.preprocess_ms);
        chunk.read({images + first, count}, {outcomes + first, count});
      }
      end();
      double began = 0;
      {
        const Stopwatch watch(began);
        if (chunk.begin(rows + int64_t{*row_count} * config.projection_dim)) encoding = &chunk;
      }
      if (encoding != nullptr) spent.encode_ms += began;
    }
    end();
    if (timings != nullptr) *timings = spent;
  });
}

int32_t clip4j_embed_texts(const clip4j_model* handle, const int32_t* ids, const int32_t* lengths, int32_t n,
                           float* rows, clip4j_timings* timings) {
  return translate_exceptions([&] {
    const Model& model = deref(handle, "model").model;
    if (n < 0) fail(CLIP4J_INVALID_ARGUMENT, "n is ", n);
    if (n > 0) {
      deref(ids, "ids");
      deref(lengths, "lengths");
      deref(rows, "rows");
    }
    clip4j_timings spent{};
    {
      const Stopwatch watch(spent.encode_ms);
      model.embed_texts(ids, {lengths, static_cast<size_t>(n)}, rows);
      const auto width = static_cast<size_t>(model.config().projection_dim);
      for (int32_t i = 0; i < n; ++i) {
        try {
          make_unit({rows + static_cast<size_t>(i) * width, width});
        } catch (const Error& e) {
          fail(e.status(), "text ", i, ": ", e.what());
        }
      }
    }
    if (timings != nullptr) *timings = spent;
  });
}
