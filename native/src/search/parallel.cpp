#include "search/parallel.h"

#include "base/cpu.h"
#include "base/exit_gate.h"
#include "base/worker_pool.h"

namespace clip4j::search {
namespace {

WorkerPool& pool() {
  static WorkerPool& pool =
      *new WorkerPool(thread_count(), "clip4j-search");  // never destroyed, see WorkerPool
  return pool;
}

}  // namespace

int thread_count() { return hardware_threads(); }

void parallel_for(int64_t count, const std::function<void(int64_t)>& body) {
  const auto run = [&body](int64_t i) {
    exit_gate::check_running();
    const DefaultFloatingPoint environment;
    body(i);
  };
  pool().parallel_for(count, run);
}

}  // namespace clip4j::search
