#pragma once

#include <gtest/gtest.h>

#include "emulated_library.h"

namespace clip4j::cuda::test {

// Tests on an emulated GPU, which begins as it was made: its memory comes back, and nothing there is out of
// order.
template <typename Test>
class OnEmulatedGpu : public Test {
 protected:
  void SetUp() override {
    Test::SetUp();
    settings() = Settings();
  }
  void TearDown() override {
    EXPECT_EQ(settings().allocated, 0);
    EXPECT_EQ(settings().disorder, 0);
    Test::TearDown();
  }
};

}  // namespace clip4j::cuda::test
