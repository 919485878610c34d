#include "base/cpu.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/control_group.h"

namespace clip4j {
namespace {

#if defined(__x86_64__)
// Linux wants to be asked, once a process, for tiles make the state of a thread 8 KiB larger. It refuses
// where a signal stack has no room for that, and before version 5.16.
bool may_use_tiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}
#endif

bool offers(InstructionSet set) {
#if defined(__x86_64__)
  // GCC's builtins also ask the operating system (XGETBV) whether it saves the wide registers.
  switch (set) {
    case InstructionSet::kScalar:
      break;
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case InstructionSet::kAvxVnni:
      return offers(InstructionSet::kAvx2) && __builtin_cpu_supports("avxvnni");
    case InstructionSet::kAvx512:
      return offers(InstructionSet::kAvx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512dq");
    case InstructionSet::kAvx512Vnni:
      return offers(InstructionSet::kAvx512) && __builtin_cpu_supports("avx512vnni");
    case InstructionSet::kAmx:
      return offers(InstructionSet::kAvx512Vnni) && __builtin_cpu_supports("amx-tile") &&
             __builtin_cpu_supports("amx-int8") && __builtin_cpu_supports("amx-bf16") && may_use_tiles();
  }
#endif
  return set == InstructionSet::kScalar;
}

constexpr InstructionSet kSlowestFirst[] = {InstructionSet::kScalar,     InstructionSet::kAvx2,
                                            InstructionSet::kAvxVnni,    InstructionSet::kAvx512,
                                            InstructionSet::kAvx512Vnni, InstructionSet::kAmx};

InstructionSet allowed() {
  const char* value = std::getenv("CLIP4J_CPU");
  for (const InstructionSet set : kSlowestFirst) {
    if (value != nullptr && std::strcmp(value, name(set)) == 0) return set;
  }
  return InstructionSet::kAmx;
}

int affinity() {
  // The mask of machines with more CPUs than cpu_set_t has bits needs a larger set; EINVAL says so.
  for (int cpus = CPU_SETSIZE; cpus <= (1 << 20); cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const size_t size = CPU_ALLOC_SIZE(cpus);
    const int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

bool has(InstructionSet set) {
  static const InstructionSet last = allowed();
  return set <= last && offers(set);
}

InstructionSet instruction_set() {
  static const InstructionSet set = [] {
    InstructionSet best = InstructionSet::kScalar;
    for (const InstructionSet one : kSlowestFirst) {
      if (has(one)) best = one;
    }
    return best;
  }();
  return set;
}

bool has_bf16() {
#if defined(__x86_64__)
  return has(InstructionSet::kAvx512Vnni) && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

const char* name(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAmx:
      return "amx";
    case InstructionSet::kAvx512Vnni:
      return "avx512vnni";
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvxVnni:
      return "avxvnni";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kScalar:
      break;
  }
  return "scalar";
}

int hardware_threads() {
  static const int threads = [] {
    const double quota = std::ceil(control_group::cpus());
    return static_cast<int>(std::max(1.0, std::min<double>(affinity(), quota)));
  }();
  return threads;
}

}  // namespace clip4j
