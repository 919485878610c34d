#include <algorithm>
#include <chrono>
#include <span>
#include <vector>

#include "api/model_handle.h"
#include "base/boundary.h"
#include "base/exit_gate.h"
#include "clip/buffer_stock.h"
#include "clip/config.h"
#include "image/decode.h"
#include "image/normalize.h"
#include "image/resize.h"

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

void check_size(int32_t height, int32_t width, int32_t image_size) {
  if (height == image_size && width == image_size) return;
  fail(CLIP4J_INVALID_ARGUMENT, "preprocessing ends at ", width, " x ", height, " pixels, the model takes ",
       image_size, " x ", image_size);
}

// Refuses what cannot fit any picture; the rest is seen picture by picture.
void check_preprocessing(const clip4j_preprocessing& preprocessing, int32_t image_size) {
  if (preprocessing.crop_height != 0 || preprocessing.crop_width != 0) {
    check_size(preprocessing.crop_height, preprocessing.crop_width, image_size);
  } else if (preprocessing.resize_mode == CLIP4J_EXACT) {
    check_size(preprocessing.resize_height, preprocessing.resize_width, image_size);
  }
}

void preprocess(const clip4j_image& picture, const clip4j_preprocessing& preprocessing,
                const clip4j_config& config, float* patches) {
  const image::Pixels crop = image::resize_crop(image::decode(picture, preprocessing), preprocessing);
  check_size(crop.height, crop.width, config.image_size);
  image::normalize_to_patches(crop, preprocessing, config.patch_size, patches);
}

// Moves what belongs to the successes to the front; returns how many they are.
int64_t keep_successes(std::span<const clip4j_outcome> outcomes, int64_t width, float* rows) {
  int64_t kept = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].status != CLIP4J_OK) continue;
    const int64_t from = static_cast<int64_t>(i);
    if (from != kept) std::copy_n(rows + from * width, width, rows + kept * width);
    ++kept;
  }
  return kept;
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

}  // namespace

int32_t clip4j_embed_images(const clip4j_model* handle, const clip4j_preprocessing* preprocessing,
                            const clip4j_image* images, int32_t n, float* rows, int32_t* row_count,
                            clip4j_outcome* outcomes, clip4j_timings* timings) {
  return translate_exceptions([&] {
    deref(row_count, "row_count") = 0;
    const Model& model = deref(handle, "model").model;
    const clip4j_config& config = model.config();
    check_preprocessing(deref(preprocessing, "preprocessing"), config.image_size);
    model.check_finished();
    if (n < 0) fail(CLIP4J_INVALID_ARGUMENT, "n is ", n);
    if (n > 0) {
      deref(images, "images");
      deref(rows, "rows");
      deref(outcomes, "outcomes");
    }

    clip4j_timings spent{};
    const int64_t most = std::min<int64_t>(n, model.most_pictures());
    const int64_t picture_width = patches_of(config) * patch_width(config);
    const BufferStock::Loan patches = model.patches(most * picture_width);
    for (int64_t first = 0; first < n; first += most) {
      const int64_t count = std::min(n - first, most);
      const std::span chunk(outcomes + first, static_cast<size_t>(count));
      int64_t kept = 0;
      {
        const Stopwatch watch(spent.preprocess_ms);
        model.workers().parallel_for(count, [&](int64_t i) {
          exit_gate::check_running();
          clip4j_outcome& outcome = chunk[static_cast<size_t>(i)];
          outcome = {};
          try {
            preprocess(images[first + i], *preprocessing, config, patches.data() + i * picture_width);
          } catch (...) {
            record_failure(outcome);
          }
        });
        kept = keep_successes(chunk, picture_width, patches.data());
      }
      if (kept == 0) continue;
      const Stopwatch watch(spent.encode_ms);
      float* to = rows + int64_t{*row_count} * config.projection_dim;
      model.embed_patches(patches.data(), kept, to);
      *row_count += static_cast<int32_t>(make_unit_rows(chunk, config.projection_dim, to));
    }
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
