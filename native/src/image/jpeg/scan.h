#pragma once

#include <cstdint>
#include <vector>

#include "image/bytes.h"
#include "image/jpeg/bits.h"
#include "image/jpeg/frame.h"
#include "image/jpeg/picture.h"

namespace clip4j::image {

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

// Walks through a scan's entropy-coded data from `at` on and returns the place behind it. Gives the blocks to
// `picture`, unless that is null. Throws Error(CLIP4J_CORRUPT) wherever libjpeg would invent data for a
// picture (and print a warning): data that ends early or goes on, a code that the table lacks, a restart
// marker that is not where it should be. Zeros behind the data are let pass, since some cameras write them;
// they lie behind the place that is returned.
size_t walk_jpeg_scan(Bytes file, size_t at, const JpegFrame& frame, const JpegScan& scan,
                      int restart_interval, JpegPicture* picture);

}  // namespace clip4j::image
