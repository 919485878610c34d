#include "emulated_library.h"

#include <algorithm>

#include "clip4j_status.h"
#include "cuda/preprocess.h"
#include "cuda/topk_raise.h"
#include "cuda/topk_scan.h"
#include "cuda_emulator.h"
#include "emulated_memory.h"

namespace clip4j::cuda::test {

Settings& settings() {
  static Settings settings;
  return settings;
}

namespace {

const char* error() { return "out of memory of the GPU: emulated"; }
int32_t count(int32_t* count) {
  *count = 1;
  return CLIP4J_OK;
}
int32_t properties(int32_t, Properties* to) {
  *to = {"emulated", settings().free_bytes, settings().free_bytes, 3, settings().shared_bytes};
  return answer();
}

template <int kTiles>
void scan_with(const Scan& scan) {
  const int32_t groups = (scan.column_tiles + kTiles - 1) / kTiles;
  const int32_t workers = std::clamp(3, 1, std::max(1, scan.tiles));
  emulate(workers * groups, shared_bytes(kTiles, scan.chunks),
          [&](Emulated& machine) { Scanner<kTiles, Emulated>(scan, machine).run(); });
}

int32_t scan(Stream* stream, const Scan* scan, int32_t tiles) {
  finish_copies(stream);
  ++settings().scans;
  switch (tiles) {
    case 1:
      scan_with<1>(*scan);
      break;
    case 2:
      scan_with<2>(*scan);
      break;
    case 4:
      scan_with<4>(*scan);
      break;
    case 8:
      scan_with<8>(*scan);
      break;
    case 16:
      scan_with<16>(*scan);
      break;
    default:
      return CLIP4J_INTERNAL;
  }
  return answer();
}

int32_t raise(Stream* stream, const Raise* raise) {
  finish_copies(stream);
  emulate(raise->queries, sizeof(Raiser<Emulated>::Shared),
          [&](Emulated& machine) { Raiser<Emulated>(*raise, machine).run(); });
  return answer();
}

template <typename Value>
void preprocess_to(const Preprocess& all, int32_t pictures, int32_t shared_bytes) {
  emulate(all.tiles() * pictures, shared_bytes,
          [&](Emulated& machine) { Preprocessor<Value, Emulated>(all, machine).run(); });
}

int32_t preprocess(int32_t, void*, const Preprocess* all, int32_t pictures, int32_t value_bytes,
                   int32_t shared_bytes) {
  const int32_t status = answer();
  if (status != CLIP4J_OK) return status;
  settings().preprocessed += pictures;
  for (int32_t i = 0; i < pictures; ++i) {
    settings().widest = std::max(settings().widest, all->pictures[i].width);
    note_reading(all->pictures[i].pixels);
  }
  if (value_bytes == 2) {
    preprocess_to<uint16_t>(*all, pictures, shared_bytes);
  } else {
    preprocess_to<float>(*all, pictures, shared_bytes);
  }
  return CLIP4J_OK;
}

}  // namespace

const Library& emulated_library() {
  static const Library library = {kLibraryVersion, error,           count,          properties, allocate,
                                  release,         allocate_pinned, release_pinned, open,       close,
                                  upload,          download,        wait,           scan,       raise,
                                  preprocess,      precede,         follow};
  return library;
}

}  // namespace clip4j::cuda::test
