#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>

#include "clip4j_status.h"
#include "cuda/hopper.cuh"
#include "cuda/library.h"
#include "cuda/machine.cuh"
#include "cuda/preprocess.h"
#include "cuda/topk_mma.h"
#include "cuda/topk_raise.h"
#include "cuda/topk_scan.h"
#include "cuda/topk_score.h"
#include "cuda/topk_wgmma.h"

namespace clip4j::cuda {

struct Stream {
  int32_t device;
  int32_t processors;
  int32_t most_shared;  // bytes of a thread block's memory
  cudaStream_t stream;
  cudaEvent_t event;  // for precede() and follow()
};

namespace {

thread_local char error_text[512];

constexpr int32_t kGatherers = 8;  // thread blocks of a processor's that gather what a scan has kept

int32_t status(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return CLIP4J_OK;
  cudaGetLastError();  // else the next call would report it again
  switch (error) {
    case cudaErrorInsufficientDriver:
    case cudaErrorStubLibrary:
      snprintf(error_text, sizeof(error_text),
               "there is no CUDA driver (libcuda.so.1) for CUDA %d or later: install NVIDIA's driver, or use "
               "the CPU",
               CUDART_VERSION / 1000);
      return CLIP4J_UNSUPPORTED;
    case cudaErrorNoDevice:
    case cudaErrorInvalidDevice:
      snprintf(error_text, sizeof(error_text), "there is no such CUDA device: nvidia-smi lists them");
      return CLIP4J_UNSUPPORTED;
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      snprintf(error_text, sizeof(error_text),
               "this GPU is too old, or its driver: compute capability 8.0 and CUDA %d.%d are needed",
               CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
      return CLIP4J_UNSUPPORTED;
    case cudaErrorMemoryAllocation:
      snprintf(error_text, sizeof(error_text), "out of memory of the GPU: %s", what);
      return CLIP4J_OUT_OF_MEMORY;
    default:
      snprintf(error_text, sizeof(error_text), "CUDA: %s: %s (%s)", what, cudaGetErrorString(error),
               cudaGetErrorName(error));
      return CLIP4J_INTERNAL;
  }
}

// Calls until one fails.
template <typename First, typename... Rest>
int32_t run(const char* what, const First& first, const Rest&... rest) {
  const cudaError_t error = first();
  if (error != cudaSuccess) return status(error, what);
  if constexpr (sizeof...(rest) > 0) return run(what, rest...);
  return CLIP4J_OK;
}

const char* error() { return error_text; }

int32_t count(int32_t* count) {
  return run("cudaGetDeviceCount", [&] { return cudaGetDeviceCount(count); });
}

int32_t properties(int32_t device, Properties* to) {
  cudaDeviceProp found;
  size_t free = 0, total = 0;
  const int32_t failed = run(
      "cudaGetDeviceProperties", [&] { return cudaGetDeviceProperties(&found, device); },
      [&] { return cudaSetDevice(device); }, [&] { return cudaMemGetInfo(&free, &total); });
  if (failed != CLIP4J_OK) return failed;
  if (found.major < 8) return status(cudaErrorNoKernelImageForDevice, "");
  snprintf(to->name, sizeof(to->name), "%s", found.name);
  to->free_bytes = static_cast<int64_t>(free);
  to->shared_bytes = static_cast<int32_t>(found.sharedMemPerBlockOptin);
  to->instruction = found.major == 9 ? Instruction::kWgmma : Instruction::kMma;
  return CLIP4J_OK;
}

int32_t allocate(int32_t device, int64_t bytes, void** memory) {
  return run(
      "cudaMalloc", [&] { return cudaSetDevice(device); },
      [&] { return cudaMalloc(memory, static_cast<size_t>(bytes)); });
}

void release(int32_t device, void* memory) {
  cudaSetDevice(device);
  cudaFree(memory);
}

int32_t allocate_pinned(int64_t bytes, void** memory) {
  return run("cudaHostAlloc",
             [&] { return cudaHostAlloc(memory, static_cast<size_t>(bytes), cudaHostAllocPortable); });
}

void release_pinned(void* memory) { cudaFreeHost(memory); }

int32_t open(int32_t device, Stream** stream) {
  auto made = new (std::nothrow) Stream{device, 0, 0, nullptr, nullptr};
  if (made == nullptr) return status(cudaErrorMemoryAllocation, "a stream");
  const int32_t failed = run(
      "cudaStreamCreate", [&] { return cudaSetDevice(device); },
      [&] { return cudaDeviceGetAttribute(&made->processors, cudaDevAttrMultiProcessorCount, device); },
      [&] {
        return cudaDeviceGetAttribute(&made->most_shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
      },
      [&] { return cudaEventCreateWithFlags(&made->event, cudaEventDisableTiming); },
      [&] { return cudaStreamCreateWithFlags(&made->stream, cudaStreamNonBlocking); });
  if (failed != CLIP4J_OK) {
    if (made->event != nullptr) cudaEventDestroy(made->event);
    delete made;
    return failed;
  }
  *stream = made;
  return CLIP4J_OK;
}

void close(Stream* stream) {
  cudaSetDevice(stream->device);
  cudaStreamSynchronize(stream->stream);
  cudaStreamDestroy(stream->stream);
  cudaEventDestroy(stream->event);
  delete stream;
}

int32_t upload(Stream* stream, void* to, const void* from, int64_t bytes) {
  return run(
      "cudaMemcpyAsync", [&] { return cudaSetDevice(stream->device); },
      [&] {
        return cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyHostToDevice, stream->stream);
      });
}

int32_t download(Stream* stream, void* to, const void* from, int64_t pitch, int64_t bytes, int64_t rows) {
  return run(
      "a kernel or copy", [&] { return cudaSetDevice(stream->device); },
      [&] {
        return cudaMemcpy2DAsync(to, static_cast<size_t>(bytes), from, static_cast<size_t>(pitch),
                                 static_cast<size_t>(bytes), static_cast<size_t>(rows),
                                 cudaMemcpyDeviceToHost, stream->stream);
      },
      [&] { return cudaStreamSynchronize(stream->stream); });
}

int32_t wait(Stream* stream) {
  return run(
      "a kernel or copy", [&] { return cudaSetDevice(stream->device); },
      [&] { return cudaStreamSynchronize(stream->stream); });
}

// 64 sums a thread leave room for a second thread block; 128 do not.
template <int kTiles>
__global__ void __launch_bounds__(kThreads, kTiles == 1 ? 3 : kTiles <= 8 ? 2 : 1)
    mma_kernel(const __grid_constant__ Scan scan) {
  Gpu gpu;
  Scanner<Mma<kTiles, Gpu>, Gpu>(scan, gpu).run();
}

// Code for other GPUs has no such instruction, and is never launched.
template <int kTiles>
__global__ void __launch_bounds__(kThreads, kTiles <= 16 ? 2 : 1)
    wgmma_kernel(const __grid_constant__ Scan scan) {
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
  Hopper gpu;
  Scanner<Wgmma<kTiles, Hopper>, Hopper>(scan, gpu).run();
#endif
}

__global__ void __launch_bounds__(kThreads, 2) raise_kernel(const __grid_constant__ Raise raise) {
  Gpu gpu;
  Raiser<Gpu>(raise, gpu).run();
}

__global__ void __launch_bounds__(kThreads) gather_kernel(const __grid_constant__ Scan scan, int32_t keepers) {
  Gpu gpu;
  Gatherer<Gpu>(scan, keepers, gpu).run();
}

int32_t launch(Stream* stream, Scan scan, int32_t tiles, void (*kernel)(Scan), bool keeps = false) {
  const auto shared = static_cast<int32_t>(shared_bytes(tiles, scan.chunks));
  const int32_t groups = (scan.column_tiles + tiles - 1) / tiles;
  int32_t resident = 0;
  return run(
      "the scan", [&] { return cudaSetDevice(stream->device); },
      [&] {
        // Not what this scan takes: other threads launch the same kernel, and may want more.
        return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, stream->most_shared);
      },
      [&] {
        return cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, kThreads,
                                                             static_cast<size_t>(shared));
      },
      [&] {
        // What is there at once shares the tiles; no more than there are.
        const int32_t workers =
            std::clamp(resident * stream->processors / groups, 1, std::max(1, scan.tiles));
        const int32_t blocks = workers * groups;
        if (keeps) scan.kept_room = kept_room(blocks);
        if (scan.kept_room > 0) {  // where there is no code for wgmma, its kernel does nothing and writes none
          const cudaError_t failed =
              cudaMemsetAsync(scan.kept, 0, sizeof(int32_t) * static_cast<size_t>(blocks) * kThreads, stream->stream);
          if (failed != cudaSuccess) return failed;
        }
        kernel<<<blocks, kThreads, static_cast<size_t>(shared), stream->stream>>>(scan);
        const cudaError_t launched = cudaGetLastError();
        if (launched != cudaSuccess || scan.kept_room == 0) return launched;
        const int32_t parts = std::max(1, kGatherers * stream->processors / blocks);
        gather_kernel<<<blocks * parts, kThreads, 0, stream->stream>>>(scan, blocks * kThreads);
        return cudaGetLastError();
      });
}

int32_t scan(Stream* stream, const Scan* scan, ScanKernel kernel) {
  const bool wgmma = kernel.instruction == Instruction::kWgmma;
  switch (kernel.tiles) {
    case 1:
      return launch(stream, *scan, 1, mma_kernel<1>);
    case 2:
      return launch(stream, *scan, 2, mma_kernel<2>);
    case 4:
      return launch(stream, *scan, 4, mma_kernel<4>);
    case 8:
      return launch(stream, *scan, 8, mma_kernel<8>);
    case 16:
      return launch(stream, *scan, 16, wgmma ? wgmma_kernel<16> : mma_kernel<16>, wgmma);
    default:
      return launch(stream, *scan, 32, wgmma_kernel<32>, true);
  }
}

int32_t raise(Stream* stream, const Raise* raise) {
  return run(
      "the thresholds", [&] { return cudaSetDevice(stream->device); },
      [&] {
        raise_kernel<<<raise->queries, kThreads, sizeof(Raiser<Gpu>::Shared), stream->stream>>>(*raise);
        return cudaGetLastError();
      });
}

__global__ void __launch_bounds__(kThreads, 3) score_kernel(const __grid_constant__ Score score) {
  Gpu gpu;
  RowScorer<Gpu>(score, gpu).run();
}

int32_t score(Stream* stream, const Score* score) {
  return run(
      "the scores", [&] { return cudaSetDevice(stream->device); },
      [&] {
        score_kernel<<<score->queries * kScoreBlocks, kThreads, 0, stream->stream>>>(*score);
        return cudaGetLastError();
      });
}

template <typename Value>
__global__ void __launch_bounds__(kPixelThreads) preprocess_kernel(const __grid_constant__ Preprocess all) {
  Gpu gpu;
  Preprocessor<Value, Gpu>(all, gpu).run();
}

int32_t preprocess(int32_t device, void* stream, const Preprocess* all, int32_t pictures, int32_t value_bytes,
                   int32_t shared_bytes) {
  return run(
      "the preprocessing", [&] { return cudaSetDevice(device); },
      [&] {
        const auto kernel = value_bytes == 2 ? preprocess_kernel<uint16_t> : preprocess_kernel<float>;
        kernel<<<all->tiles() * pictures, kPixelThreads, static_cast<size_t>(shared_bytes),
                 static_cast<cudaStream_t>(stream)>>>(*all);
        return cudaGetLastError();
      });
}

// An event is what a stream had been given when it was recorded, also when it is recorded again.
int32_t order(Stream* stream, cudaStream_t first, cudaStream_t then) {
  return run(
      "the order of two streams", [&] { return cudaSetDevice(stream->device); },
      [&] { return cudaEventRecord(stream->event, first); },
      [&] { return cudaStreamWaitEvent(then, stream->event, 0); });
}

int32_t precede(Stream* stream, void* other) {
  return order(stream, stream->stream, static_cast<cudaStream_t>(other));
}

int32_t follow(Stream* stream, void* other) {
  return order(stream, static_cast<cudaStream_t>(other), stream->stream);
}

constexpr Library kLibrary = {kLibraryVersion, error,           count,          properties, allocate,
                              release,         allocate_pinned, release_pinned, open,       close,
                              upload,          download,        wait,           scan,       raise,
                              score,           preprocess,      precede,        follow};

}  // namespace
}  // namespace clip4j::cuda

const clip4j::cuda::Library* clip4j_cuda_library(void) { return &clip4j::cuda::kLibrary; }
