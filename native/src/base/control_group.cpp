#include "base/control_group.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

namespace clip4j::control_group {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// A limit of one group, from the files in its folder.
using Limit = double(const std::string& folder);

double cpus_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return kUnlimited;
  return std::strtod(quota.c_str(), nullptr) / period;
}

double cpus_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0) return kUnlimited;
  return quota / period;
}

double number_in(const std::string& path) {
  std::ifstream file(path);
  double number = 0;  // not read where the file says "max"
  return file >> number ? number : kUnlimited;
}

double memory_v2(const std::string& folder) { return number_in(folder + "/memory.max"); }

// Where there is no limit, it says nearly 2^63.
double memory_v1(const std::string& folder) { return number_in(folder + "/memory.limit_in_bytes"); }

// The lowest of `group` and of the groups around it. Inside a container the mount shows the container's own
// group as its root while /proc may name the host's path: folders that do not exist set no limit.
double lowest(Limit* limit_of, const std::string& mount, std::string group) {
  double limit = limit_of(mount);
  while (group.size() > 1) {
    limit = std::min(limit, limit_of(mount + group));
    group.resize(group.rfind('/'));
  }
  return limit;
}

// `controller` is what version 1 calls it.
double lowest(Limit* v2, Limit* v1, const std::string& controller) {
  double limit = kUnlimited;
  std::ifstream groups("/proc/self/cgroup");  // lines of hierarchy:controllers:/path; v2 has no controllers
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || second + 1 >= line.size() || line[second + 1] != '/') continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      limit = std::min(limit, lowest(v2, "/sys/fs/cgroup", group));
    } else if (("," + controllers + ",").find("," + controller + ",") != std::string::npos) {
      limit = std::min(limit, lowest(v1, "/sys/fs/cgroup/" + controllers, group));
    }
  }
  return limit;
}

}  // namespace

double cpus() { return lowest(cpus_v2, cpus_v1, "cpu"); }

double memory_bytes() { return lowest(memory_v2, memory_v1, "memory"); }

}  // namespace clip4j::control_group
