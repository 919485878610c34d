#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "image/bytes.h"
#include "image/jpeg_bits.h"

namespace clip4j::image {

// What the frame header says of a component, and what its scans have sent so far.
struct JpegComponent {
  uint32_t id = 0;
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
  bool progressive = false;
  int mcus_across = 0;  // of a scan of several components
  int mcus_down = 0;
  std::vector<JpegComponent> components;
};

struct JpegScan {
  struct Part {
    JpegComponent* component;
    const JpegHuffman* dc;
    const JpegHuffman* ac;
  };
  std::vector<Part> parts;
  int first = 0;  // coefficients, in zigzag order
  int last = 63;
  int high = 0;  // successive approximation
  int low = 0;
};

// Walks through a scan's entropy-coded data from `at` on without making pixels, and returns the place behind
// it. Throws Error(CLIP4J_CORRUPT) wherever libjpeg would invent data for a picture (and print a warning):
// data that ends early or goes on, a code that the table lacks, a restart marker that is not where it should
// be. Zeros behind the data are let pass, since some cameras write them; they lie behind the place that is
// returned.
size_t walk_jpeg_scan(Bytes file, size_t at, const JpegFrame& frame, const JpegScan& scan,
                      int restart_interval);

}  // namespace clip4j::image
