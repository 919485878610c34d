#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace clip4j::image {

constexpr int divide_up(int a, int b) { return (a + b - 1) / b; }

// What the frame header says of a component, and what its scans have sent so far.
struct JpegComponent {
  uint32_t id = 0;
  uint32_t steps = 0;  // which table of quantization steps
  int horizontal = 1;  // sampling factors
  int vertical = 1;
  int blocks_across = 0;
  int blocks_down = 0;
  // By coefficient in zigzag order: the lowest bit that was sent, or kUnsent.
  std::array<int8_t, 64> accuracy;
  // Progressive only, by block: bit k is set where coefficient k is not zero. A refinement's length hangs on
  // that.
  std::vector<uint64_t> nonzero;
};
constexpr int8_t kUnsent = -1;

struct JpegFrame {
  int width = 0;
  int height = 0;
  bool progressive = false;
  int mcus_across = 0;  // of a scan of several components
  int mcus_down = 0;
  std::vector<JpegComponent> components;
};

}  // namespace clip4j::image
