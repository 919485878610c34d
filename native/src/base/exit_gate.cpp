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
std::atomic<std::thread::id> exiting;
std::atomic<int64_t> inside{0};

void close_and_wait() {
  exiting.store(std::this_thread::get_id());
  closed.store(true);
  static const auto deadline = std::chrono::steady_clock::now() + kLongestWait;  // of all that are registered
  while (inside.load() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// When this library is loaded: what the libraries that it needs create at once is there already, so this runs
// before its destructors.
[[maybe_unused]] const int registered = std::atexit(close_and_wait);

}  // namespace

void check_running() {
  if (closed.load(std::memory_order_relaxed)) fail(CLIP4J_SHUTTING_DOWN, "the process is exiting");
}

void guard() noexcept { static_cast<void>(std::atexit(close_and_wait)); }

Pass::Pass(std::atomic<uint64_t>& calls) noexcept : calls_(calls) {
  // Sequentially consistent on both sides: either this thread sees `closed` or close_and_wait sees it inside.
  inside.fetch_add(1);
  if (closed.load() && exiting.load() != std::this_thread::get_id()) {
    inside.fetch_sub(1);
    for (;;) pause();
  }
}

Pass::~Pass() {
  if (std::has_single_bit(calls_.fetch_add(1, std::memory_order_relaxed) + 1)) guard();
  inside.fetch_sub(1);
}

}  // namespace clip4j::exit_gate
