#include "emulated_library.h"

#include <algorithm>
#include <atomic>

#include "clip4j_status.h"
#include "cuda/preprocess.h"
#include "cuda/topk_mma.h"
#include "cuda/topk_raise.h"
#include "cuda/topk_scan.h"
#include "cuda/topk_score.h"
#include "cuda/topk_wgmma.h"
#include "cuda_emulator.h"
#include "emulated_memory.h"

namespace clip4j::cuda::test {

Settings& settings() {
  static Settings settings;
  return settings;
}

namespace {

// Of any number of threads.
void count(int64_t& calls, int64_t by = 1) { std::atomic_ref(calls).fetch_add(by); }

const char* error() { return "out of memory of the GPU: emulated"; }
int32_t devices(int32_t* count) {
  *count = 1;
  return CLIP4J_OK;
}
int32_t properties(int32_t, Properties* to) {
  *to = {"emulated", settings().free_bytes, settings().shared_bytes, settings().instruction};
  return answer();
}

template <typename Products>
void scan_with(Scan scan) {
  constexpr int32_t tiles = Products::kTiles;
  const int32_t groups = (scan.column_tiles + tiles - 1) / tiles;
  const int32_t workers = std::clamp(3, 1, std::max(1, scan.tiles));
  // So few that some of a round's rows are appended at once.
  if (Products::kKeeps) scan.kept_room = 40;
  emulate(workers * groups, shared_bytes(tiles, scan.chunks),
          [&](Emulated& machine) { Scanner<Products, Emulated>(scan, machine).run(); });
  if (Products::kKeeps) {
    emulate(workers * groups * 2, 0,
            [&](Emulated& machine) { Gatherer<Emulated>(scan, workers * groups * kThreads, machine).run(); });
  }
}

int32_t scan(Stream* stream, const Scan* asked, ScanKernel kernel) {
  finish_copies(stream);
  const bool wgmma = kernel.instruction == Instruction::kWgmma;
  Scan changed = *asked;
  const Scan* scan = &changed;
  if (wgmma && settings().wgmma_is_wrong) changed.chunks -= 1;  // the last values are not multiplied
  count(settings().scans);
  if (wgmma) count(settings().wgmma_scans);
  switch (kernel.tiles) {
    case 1:
      scan_with<Mma<1, Emulated>>(*scan);
      break;
    case 2:
      scan_with<Mma<2, Emulated>>(*scan);
      break;
    case 4:
      scan_with<Mma<4, Emulated>>(*scan);
      break;
    case 8:
      scan_with<Mma<8, Emulated>>(*scan);
      break;
    case 16:
      wgmma ? scan_with<Wgmma<16, Emulated>>(*scan) : scan_with<Mma<16, Emulated>>(*scan);
      break;
    case 32:
      scan_with<Wgmma<32, Emulated>>(*scan);
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

int32_t score(Stream* stream, const Score* score) {
  finish_copies(stream);
  emulate(score->queries * kScoreBlocks, 0,
          [&](Emulated& machine) { RowScorer<Emulated>(*score, machine).run(); });
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
  count(settings().preprocessed, pictures);
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
  static const Library library = {kLibraryVersion, error,           devices,        properties, allocate,
                                  release,         allocate_pinned, release_pinned, open,       close,
                                  upload,          download,        wait,           scan,       raise,
                                  score,           preprocess,      precede,        follow};
  return library;
}

}  // namespace clip4j::cuda::test
