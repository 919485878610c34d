#include <cuda_runtime.h>

#include <algorithm>

#include "base/error.h"
#include "cuda/loader.h"
#include "gpu_kernels.h"

namespace clip4j::bench {
namespace {

void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess) fail(CLIP4J_INTERNAL, what, ": ", cudaGetErrorString(error));
}

template <typename T>
class Device {
 public:
  explicit Device(size_t size) { check(cudaMalloc(&memory_, size * sizeof(T)), "cudaMalloc"); }
  explicit Device(const std::vector<T>& from) : Device(from.size()) {
    check(cudaMemcpy(memory_, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  ~Device() { cudaFree(memory_); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  T* get() const { return memory_; }

 private:
  T* memory_ = nullptr;
};

// The best of some runs, in seconds.
template <typename Launch>
double time(const Launch& launch) {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  check(cudaEventCreate(&end), "cudaEventCreate");
  float best = 1e30F;
  for (int i = 0; i < 10; ++i) {
    check(cudaEventRecord(begin), "cudaEventRecord");
    launch();
    check(cudaGetLastError(), "a kernel");
    check(cudaEventRecord(end), "cudaEventRecord");
    check(cudaEventSynchronize(end), "a kernel");
    float taken = 0;
    check(cudaEventElapsedTime(&taken, begin, end), "cudaEventElapsedTime");
    best = std::min(best, taken);
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return best / 1e3;
}

__global__ void copy_kernel(const uint4* from, uint4* to, int64_t count) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step)
    to[i] = from[i];
}

__global__ void read_kernel(const uint4* from, uint32_t* to, int64_t count) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  uint32_t sum = 0;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint4 value = from[i];
    sum += value.x ^ value.y ^ value.z ^ value.w;
  }
  if (sum == 0x12345678) *to = sum;  // so that it is computed
}

}  // namespace

Bandwidth gpu_bandwidth(int64_t bytes) {
  const int64_t count = bytes / static_cast<int64_t>(sizeof(uint4));
  const Device<uint4> from(count), to(count);
  const Device<uint32_t> sum(1);
  check(cudaMemset(from.get(), 1, bytes), "cudaMemset");
  int processors = 0;
  check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, 0), "cudaDeviceGetAttribute");
  const double copying = time([&] { copy_kernel<<<processors * 8, 256>>>(from.get(), to.get(), count); });
  const double reading = time([&] { read_kernel<<<processors * 8, 256>>>(from.get(), sum.get(), count); });
  return {2.0 * static_cast<double>(bytes) / copying, static_cast<double>(bytes) / reading};
}

std::vector<float> preprocess_on_gpu(const cuda::Library& library, const std::vector<image::Pixels>& pictures,
                                     const std::vector<image::GpuPlan>& plans,
                                     const image::NormalizedValues& values, int32_t fill, double& seconds) {
  std::vector<uint8_t> pixels;
  std::vector<int32_t> numbers;
  for (size_t i = 0; i < pictures.size(); ++i) {
    pixels.insert(pixels.end(), pictures[i].rgb.begin(), pictures[i].rgb.end());
    numbers.insert(numbers.end(), plans[i].numbers().begin(), plans[i].numbers().end());
  }
  const Device<uint8_t> device_pixels(pixels);
  const Device<int32_t> device_numbers(numbers);
  const Device<float> device_values(std::vector<float>(values[0].data(), values[0].data() + 3 * 256));
  image::GpuBatch batch;
  const uint8_t* pixel = device_pixels.get();
  const int32_t* number = device_numbers.get();
  for (size_t i = 0; i < pictures.size(); ++i) {
    batch.add(plans[i], pixel, number);
    pixel += pictures[i].rgb.size();
    number += plans[i].numbers().size();
  }
  const Device<cuda::Picture> device_pictures(batch.pictures());
  std::vector<float> results(pictures.size() * 3 * plans[0].height() * plans[0].width());
  const Device<float> device_results(results);
  const cuda::Preprocess all =
      batch.all(device_pictures.get(), device_values.get(), fill, 0, device_results.get());
  const auto count = static_cast<int32_t>(pictures.size());
  seconds = time([&] {
    cuda::check(library, library.preprocess(0, nullptr, &all, count, sizeof(float), batch.shared_bytes()));
  });
  check(cudaMemcpy(results.data(), device_results.get(), results.size() * sizeof(float),
                   cudaMemcpyDeviceToHost),
        "cudaMemcpy");
  return results;
}

}  // namespace clip4j::bench
