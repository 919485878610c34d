#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/exit_gate.h"
#include "clip4j_search.h"

namespace clip4j {
namespace {

// As a destructor of a static object would.
void call_at_exit() {
  clip4j_hits* hits = nullptr;
  if (clip4j_search_hits_create(&hits) != CLIP4J_OK) _exit(1);
  clip4j_search_hits_free(hits);
}

TEST(Exit, ItsThreadMayCallBehindTheGate) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto exits = [] {
    alarm(60);
    std::atexit(call_at_exit);
    exit_gate::guard();  // runs before
    std::exit(0);
  };
  EXPECT_EXIT(exits(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace clip4j
