#include "cuda/loader.h"

#include <dlfcn.h>

#include "base/error.h"
#include "base/exit_gate.h"

namespace clip4j::cuda {

const Library& load(const char* path) {
  void* loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) fail(CLIP4J_MISSING, "cannot load the library for GPUs: ", dlerror());
  exit_gate::guard();  // its destructors must not run under calls
  const auto function =
      reinterpret_cast<decltype(&clip4j_cuda_library)>(dlsym(loaded, "clip4j_cuda_library"));
  if (function == nullptr) fail(CLIP4J_UNSUPPORTED, path, " is not clip4j's library for GPUs");
  const Library& library = *function();
  if (library.version != kLibraryVersion) {
    fail(CLIP4J_UNSUPPORTED, path, " is of another version of clip4j: use the -gpu jar of this one's");
  }
  return library;
}

void check(const Library& library, int32_t status) {
  if (status != CLIP4J_OK) fail(static_cast<clip4j_status>(status), library.error());
}

void check_device(const Library& library, int32_t device) {
  int32_t count = 0;
  check(library, library.count(&count));
  if (device >= 0 && device < count) return;
  fail(CLIP4J_UNSUPPORTED, "there is no CUDA device ", device, ": this process sees ", count,
       ", the first of which is 0 (CUDA_VISIBLE_DEVICES may hide some)");
}

}  // namespace clip4j::cuda
