#include "torch/cuda.h"

#include <dlfcn.h>

#include <array>
#include <filesystem>

#include "base/error.h"
#include "base/exit_gate.h"
#include "torch/aten.h"

namespace clip4j::torch {
namespace {

// The driver's library as it is, for the life of the process.
class Driver {
 public:
  static const Driver& get() {
    static const Driver driver;
    return driver;
  }

  // Throws unless the driver works and has a device of this number.
  void require(int32_t number) const {
    if (library_ == nullptr) {
      fail(CLIP4J_UNSUPPORTED, "there is no CUDA device: libcuda.so.1 is not on this machine",
           " (install NVIDIA's driver, or use the CPU)");
    }
    const int result = call("cuInit", 0U);
    if (result != 0) {
      const char* reason = nullptr;
      call("cuGetErrorString", result, &reason);
      fail(CLIP4J_UNSUPPORTED, "CUDA's driver does not start: ", reason != nullptr ? reason : "unknown error",
           " (nvidia-smi tells more; the CPU works)");
    }
    int count = 0;
    call("cuDeviceGetCount", &count);
    if (number < 0 || number >= count) {
      fail(CLIP4J_UNSUPPORTED, "there is no CUDA device ", number, ": this process sees ", count,
           " (CUDA_VISIBLE_DEVICES may hide some)");
    }
  }

  std::string describe(int32_t number) const {
    constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_...
    std::array<char, 128> name{};
    size_t bytes = 0;
    int device = 0, major = 0, minor = 0, version = 0;
    call("cuDeviceGet", &device, number);
    call("cuDeviceGetName", name.data(), static_cast<int>(name.size()), device);
    call("cuDeviceTotalMem_v2", &bytes, device);
    call("cuDeviceGetAttribute", &major, kMajor, device);
    call("cuDeviceGetAttribute", &minor, kMinor, device);
    call("cuDriverGetVersion", &version);
    return text(name.data(), ", compute capability ", major, '.', minor, ", ", bytes >> 30,
                " GiB, driver for CUDA ", version / 1000, '.', version % 1000 / 10);
  }

 private:
  // -1 where the driver has no such function, which leaves what it would have said empty.
  template <typename... Arguments>
  int call(const char* name, Arguments... arguments) const {
    const auto function = reinterpret_cast<int (*)(Arguments...)>(dlsym(library_, name));
    return function != nullptr ? function(arguments...) : -1;
  }

  void* const library_ = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
};

// By its name alone, and only if it is in this process.
void* loaded_libtorch_cuda() { return dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_NOLOAD); }

std::string libtorch_folder() {
  Dl_info found{};
  if (dladdr(reinterpret_cast<void*>(&aoti_torch_abi_version), &found) == 0) return {};
  return std::filesystem::path(found.dli_fname).parent_path();
}

// Loads libtorch_cuda, unless it is in this process, and describes the device.
std::string load_for(int32_t number) {
  const Driver& driver = Driver::get();
  driver.require(number);
  if (loaded_libtorch_cuda() == nullptr) {
    const std::string obstacle = cuda_obstacle(libtorch_folder());
    if (!obstacle.empty()) {
      fail(CLIP4J_UNSUPPORTED, "libtorch_cuda does not load, and cuda:", number, " is ",
           driver.describe(number), ": ", obstacle,
           " (install CUDA 13, cuDNN 9 and NCCL 2 where the dynamic linker finds them)");
    }
  }
  if (loaded_libtorch_cuda() == nullptr) {
    fail(CLIP4J_UNSUPPORTED, "this libtorch has no CUDA, and cuda:", number, " is ", driver.describe(number),
         " (add io.github.clip4j:clip4j-platform-gpu, or name a libtorch with -Dclip4j.libtorch=DIR)");
  }
  return driver.describe(number);
}

}  // namespace

std::string cuda_obstacle(const std::string& folder) {
  const std::filesystem::path file = std::filesystem::path(folder) / "libtorch_cuda.so";
  if (!exists(file)) return {};
  if (dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) return dlerror();
  exit_gate::guard();  // its destructors must not run under calls
  return {};
}

void* current_stream(int32_t number) {
  // The ABI's one function that libtorch_cuda exports, not libtorch_cpu.
  static const auto function = reinterpret_cast<int32_t (*)(int32_t, void**)>(
      dlsym(loaded_libtorch_cuda(), "aoti_torch_get_current_cuda_stream"));
  void* stream = nullptr;
  if (function == nullptr || function(number, &stream) != 0) {
    fail(CLIP4J_UNSUPPORTED, "libtorch ", version(), " does not tell its stream on cuda:", number);
  }
  return stream;
}

std::string try_cuda(int32_t number) {
  std::string device = load_for(number);
  try {
    const std::array<float, 2> values{1, 2};
    const std::array<int64_t, 1> sizes{2};
    const Tensor two = aten::upload(values.data(), sizes, {{number}, Type::kBFloat16});
    const Tensor sum = aten::download(aten::add(two, two));
    if (sum.data()[0] != 2 || sum.data()[1] != 4) fail(CLIP4J_INTERNAL, "1 + 1 is ", sum.data()[0]);
  } catch (const Error&) {
    fail(CLIP4J_UNSUPPORTED, "libtorch ", version(), " cannot compute on cuda:", number, ", ", device,
         " (its reason is on stderr; mostly the driver is older than its CUDA: update the driver, or use the"
         " CPU)");
  }
  exit_gate::guard();
  return device;
}

}  // namespace clip4j::torch
