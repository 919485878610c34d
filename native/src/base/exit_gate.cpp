#include "base/exit_gate.h"

#include <unistd.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <thread>

#include "base/error.h"

namespace clip4j::exit_gate {
namespace {

constexpr auto kLongestWait = std::chrono::seconds(10);

std::atomic<bool> closed{false};
std::atomic<int64_t> inside{0};

void close_and_wait() {
  closed.store(true);
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  while (inside.load() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// When this library is loaded, the objects that the libraries it needs create at once are there already.
[[maybe_unused]] const int registered = std::atexit(close_and_wait);

}  // namespace

bool stopping() noexcept { return closed.load(std::memory_order_relaxed); }

void check_running() {
  if (stopping()) fail(CLIP4J_SHUTTING_DOWN, "the process is exiting");
}

void guard() noexcept { static_cast<void>(std::atexit(close_and_wait)); }

Pass::Pass(std::atomic<uint64_t>& calls) noexcept : calls_(calls) {
  // Sequentially consistent on both sides: either this thread sees `closed` or close_and_wait sees it inside.
  inside.fetch_add(1);
  if (closed.load()) {
    inside.fetch_sub(1);
    for (;;) pause();
  }
}

Pass::~Pass() {
  if (std::has_single_bit(calls_.fetch_add(1, std::memory_order_relaxed) + 1)) guard();
  inside.fetch_sub(1);
}

}  // namespace clip4j::exit_gate
