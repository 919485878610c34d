#include <cstddef>
#include <memory>
#include <utility>

#include "api/search/index_handle.h"
#include "base/boundary.h"
#include "cuda/loader.h"
#include "search/gpu/index.h"
#include "search/gpu/trial.h"

using clip4j::deref;
using clip4j::translate_exceptions;

namespace {

clip4j::search::GpuTrials trials;  // of this process

}  // namespace

// What a clip4j_gpu_index* points to: a snapshot, and the copy of it.
struct clip4j_gpu_index {
  clip4j_gpu_index(std::shared_ptr<const clip4j::store::Snapshot> of, const clip4j::cuda::Library& library,
                   int32_t device, int64_t memory)
      : snapshot(std::move(of)),
        choice(trials.choose(library, device)),
        gpu(snapshot->copy_to_gpu(library, device, choice.instruction, memory)) {}

  std::shared_ptr<const clip4j::store::Snapshot> snapshot;
  clip4j::search::GpuChoice choice;
  std::unique_ptr<const clip4j::search::GpuIndex> gpu;
  clip4j::CountedHandle counted;
};

// Java reads it through a ByteBuffer: GpuIndex holds the same numbers.
static_assert(sizeof(clip4j_gpu_memory) == 16 && offsetof(clip4j_gpu_memory, pinned) == 8);

int32_t clip4j_search_gpu_create(const clip4j_index* index, const char* library, int32_t device,
                                 int64_t memory, clip4j_gpu_index** gpu) {
  return translate_exceptions([&] {
    deref(gpu, "gpu") = nullptr;
    const auto snapshot = deref(index, "index").index->snapshot();
    const auto& loaded = clip4j::cuda::load(&deref(library, "library"));
    *gpu = new clip4j_gpu_index(snapshot, loaded, device, memory);
  });
}

// Inside the exit gate: the memory is a driver's, which exit() takes down.
void clip4j_search_gpu_free(clip4j_gpu_index* gpu) {
  translate_exceptions([&] { delete gpu; });
}

int32_t clip4j_search_gpu_search(const clip4j_gpu_index* gpu, const float* queries, int32_t query_count,
                                 const clip4j_request* request, clip4j_hits* hits, clip4j_found* found) {
  return translate_exceptions([&] {
    const clip4j_gpu_index& on = deref(gpu, "gpu");
    clip4j::search_snapshot(*on.snapshot, on.gpu.get(), {queries, query_count, request, hits, found});
  });
}

int32_t clip4j_search_gpu_size(const clip4j_gpu_index* gpu, int64_t* size) {
  return translate_exceptions([&] { deref(size, "size") = deref(gpu, "gpu").snapshot->size(); });
}

int32_t clip4j_search_gpu_memory(const clip4j_gpu_index* gpu, clip4j_gpu_memory* use) {
  return translate_exceptions([&] {
    const clip4j::search::GpuIndex& on = *deref(gpu, "gpu").gpu;
    deref(use, "use") = {on.resident_bytes(), on.pinned_bytes()};
  });
}

int32_t clip4j_search_gpu_kernel(const clip4j_gpu_index* gpu, const char** kernel) {
  return translate_exceptions([&] {
    const clip4j_gpu_index& on = deref(gpu, "gpu");
    deref(kernel, "kernel") = on.choice.refused ? "mma (wgmma found other hits on this GPU)"
                              : on.gpu->instruction() == clip4j::cuda::Instruction::kWgmma ? "wgmma"
                                                                                           : "mma";
  });
}
