#include <memory>
#include <optional>
#include <string>

#include "api/clip/model_handle.h"
#include "base/boundary.h"
#include "cuda/loader.h"
#include "torch/cuda.h"
#include "torch/ops.h"

using namespace clip4j;

const char* clip4j_last_error(void) { return last_error(); }

int64_t clip4j_live_bytes(void) { return live_bytes.load(); }

int64_t clip4j_live_handles(void) { return live_handles.load(); }

int32_t clip4j_start(void) {
  return translate_exceptions([] { const Lane first(1); });
}

int32_t clip4j_model_create(const clip4j_config* config, int32_t threads, int32_t precision, int32_t device,
                            clip4j_model** model) {
  return translate_exceptions([&] {
    deref(model, "model") = nullptr;
    if (precision < CLIP4J_PRECISION_FP32 || precision > CLIP4J_PRECISION_AUTO) {
      fail(CLIP4J_INVALID_ARGUMENT, "precision ", precision, " is unknown");
    }
    if (device < CLIP4J_CPU) fail(CLIP4J_INVALID_ARGUMENT, "device is ", device);
    std::optional<torch::Device> cuda;
    if (device != CLIP4J_CPU) cuda = {device};
    *model = std::make_unique<clip4j_model>(deref(config, "config"), threads,
                                            static_cast<clip4j_precision>(precision), cuda)
                 .release();
  });
}

int32_t clip4j_model_preprocess_on_gpu(clip4j_model* model, const char* library) {
  return translate_exceptions(
      [&] { deref(model, "model").model.preprocess_on_gpu(cuda::load(&deref(library, "library"))); });
}

int32_t clip4j_model_wants(const clip4j_model* model, const char* name) {
  bool wants = false;
  const int32_t status = translate_exceptions(
      [&] { wants = deref(model, "model").model.wants(std::string(&deref(name, "name"))); });
  return status == CLIP4J_OK && wants ? 1 : 0;
}

int32_t clip4j_model_read(clip4j_model* model, const char* name, const char* path, int64_t offset,
                          int32_t dtype, const int64_t* shape, int32_t dimensions) {
  return translate_exceptions([&] {
    if (dtype != CLIP4J_F32 && dtype != CLIP4J_F16 && dtype != CLIP4J_BF16) {
      fail(CLIP4J_INVALID_ARGUMENT, "dtype ", dtype, " is unknown");
    }
    if (dimensions < 0) fail(CLIP4J_INVALID_ARGUMENT, "dimensions is ", dimensions);
    if (dimensions > 0) deref(shape, "shape");
    deref(model, "model")
        .model.read(&deref(name, "name"), &deref(path, "path"), offset, static_cast<clip4j_dtype>(dtype),
                    {shape, static_cast<size_t>(dimensions)});
  });
}

int32_t clip4j_model_finish(clip4j_model* model) {
  return translate_exceptions([&] { deref(model, "model").model.finish(); });
}

void clip4j_model_free(clip4j_model* model) {
  translate_exceptions([&] { delete model; });
}

int32_t clip4j_model_logit_scale(const clip4j_model* model, float* scale) {
  return translate_exceptions([&] { deref(scale, "scale") = deref(model, "model").model.logit_scale(); });
}

int32_t clip4j_model_logit_bias(const clip4j_model* model, float* bias) {
  return translate_exceptions([&] { deref(bias, "bias") = deref(model, "model").model.logit_bias(); });
}

int32_t clip4j_cuda_device(int32_t device, char* line, int32_t capacity) {
  return translate_exceptions([&] {
    deref(line, "line");
    if (capacity < 1) fail(CLIP4J_INVALID_ARGUMENT, "capacity is ", capacity);
    std::string text;
    Lane(1).run([&] { text = torch::try_cuda(device); });
    copy_text(text.c_str(), line, static_cast<size_t>(capacity));
  });
}

int32_t clip4j_model_times_halved(const clip4j_model* model, int32_t* times) {
  return translate_exceptions([&] { deref(times, "times") = deref(model, "model").model.times_halved(); });
}

const char* clip4j_torch_version(void) { return torch::version(); }

int32_t clip4j_model_precision(const clip4j_model* model, int32_t* precision) {
  return translate_exceptions(
      [&] { deref(precision, "precision") = deref(model, "model").model.precision(); });
}

int32_t clip4j_model_kernel(const clip4j_model* model, const char** kernel) {
  return translate_exceptions([&] { deref(kernel, "kernel") = deref(model, "model").model.kernel(); });
}

int32_t clip4j_model_memory(const clip4j_model* model, clip4j_memory* memory) {
  return translate_exceptions([&] { deref(memory, "memory") = deref(model, "model").model.memory(); });
}
