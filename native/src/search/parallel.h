#pragma once

#include <cstdint>
#include <functional>

namespace clip4j::search {

// Threads that parallel() uses, the caller included.
int thread_count();

// Calls body(0) ... body(count - 1) on the process's search threads and this one, each call in the default
// floating-point environment: a library that sets flush-to-zero on its threads must not change answers. Stops with
// CLIP4J_SHUTTING_DOWN when the process exits.
void parallel(int64_t count, const std::function<void(int64_t)>& body);

}  // namespace clip4j::search
