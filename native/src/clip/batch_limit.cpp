#include "clip/batch_limit.h"

#include <algorithm>

#include "base/error.h"

namespace clip4j {

bool BatchLimit::run(int64_t items, int64_t rows, const std::function<void()>& batch) {
  try {
    batch();
    return true;
  } catch (const Error& e) {
    const bool of_memory = e.status() == CLIP4J_INTERNAL || e.status() == CLIP4J_OUT_OF_MEMORY;
    if (!may_shrink_ || items == 1 || !of_memory) throw;
  }
  const int64_t half = std::max<int64_t>(1, rows / 2);
  int64_t limit = rows_.load();
  while (half < limit) {  // else another thread was here before
    if (rows_.compare_exchange_weak(limit, half)) {
      times_halved_.fetch_add(1);
      break;
    }
  }
  return false;
}

}  // namespace clip4j
