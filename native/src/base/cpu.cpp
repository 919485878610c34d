#include "base/cpu.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

namespace clip4j {
namespace {

// Linux wants to be asked, once a process, for tiles make the state of a thread 8 KiB larger. It refuses
// where a signal stack has no room for that, and before version 5.16.
bool may_use_tiles() {
#if defined(__x86_64__)
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

bool offers(InstructionSet set) {
  if (set == InstructionSet::kScalar) return true;
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
  return false;
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

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

double quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return kUnlimited;
  return std::strtod(quota.c_str(), nullptr) / period;
}

double quota_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0) return kUnlimited;
  return quota / period;
}

// The lowest quota of `group` and of the groups around it. Inside a container the mount shows the container's
// own group as its root while /proc may name the host's path: folders that do not exist set no limit.
double lowest(double (*quota)(const std::string&), const std::string& mount, std::string group) {
  double limit = quota(mount);
  while (group.size() > 1) {
    limit = std::min(limit, quota(mount + group));
    group.resize(group.rfind('/'));
  }
  return limit;
}

double control_group_quota() {
  double limit = kUnlimited;
  std::ifstream groups("/proc/self/cgroup");  // lines of hierarchy:controllers:/path; v2 has no controllers
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || second + 1 >= line.size() || line[second + 1] != '/') continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      limit = std::min(limit, lowest(quota_v2, "/sys/fs/cgroup", group));
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      limit = std::min(limit, lowest(quota_v1, "/sys/fs/cgroup/" + controllers, group));
    }
  }
  return limit;
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
    const double quota = std::ceil(control_group_quota());
    return static_cast<int>(std::max(1.0, std::min<double>(affinity(), quota)));
  }();
  return threads;
}

}  // namespace clip4j
