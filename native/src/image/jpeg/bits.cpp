#include "image/jpeg/bits.h"

#include <algorithm>

namespace clip4j::image {

JpegHuffman::JpegHuffman(Bytes counts, Bytes symbols) : defined_(true) {
  std::copy(symbols.begin(), symbols.end(), symbols_.begin());
  uint32_t code = 0;
  int32_t index = 0;
  for (int length = 1; length <= 16; ++length) {
    const uint32_t count = counts[static_cast<size_t>(length - 1)];
    if (code + count > 1u << length) fail(CLIP4J_CORRUPT, "a Huffman table is no prefix code");
    symbol_at_[static_cast<size_t>(length)] = index - static_cast<int32_t>(code);
    for (uint32_t i = 0; i < count; ++i, ++code, ++index) {
      if (length > kQuickBits) continue;
      const size_t first = static_cast<size_t>(code) << (kQuickBits - length);
      std::fill_n(quick_.begin() + static_cast<ptrdiff_t>(first), size_t{1} << (kQuickBits - length),
                  entry(length, symbols_[static_cast<size_t>(index)]));
    }
    code_end_[static_cast<size_t>(length)] = code << (16 - length);
    code <<= 1;
  }
}

JpegHuffman::Entry JpegHuffman::look_up_long(uint32_t next) const {
  for (int length = kQuickBits + 1; length <= 16; ++length) {
    if (next >= code_end_[static_cast<size_t>(length)]) continue;
    const int32_t code = static_cast<int32_t>(next >> (16 - length));
    return entry(length, symbols_[static_cast<size_t>(symbol_at_[static_cast<size_t>(length)] + code)]);
  }
  return {kBadCode, 0, 0};
}

}  // namespace clip4j::image
