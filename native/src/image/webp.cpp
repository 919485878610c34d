#include "image/webp.h"

#include <string_view>

#include "base/error.h"

namespace clip4j::image {
namespace {

using namespace std::string_view_literals;

constexpr uint8_t kHasAlpha = 0x10;

}  // namespace

std::vector<uint8_t> plain_webp(Bytes bytes) {
  const ByteReader file(bytes, true);
  const Bytes riff = file.take(0, size_t{8} + file.u32(4));
  if (riff.size() < 12) fail(CLIP4J_CORRUPT, "the WebP is damaged");
  std::vector<uint8_t> plain(riff.begin(), riff.begin() + 12);
  bool animated = false;
  size_t at = 12;
  while (at < riff.size()) {
    const Bytes chunk = file.take(at, size_t{8} + (size_t{file.u32(at + 4)} + 1) / 2 * 2);
    const bool described = file.has(at, "VP8X"sv);
    if (described && chunk.size() != 18) fail(CLIP4J_CORRUPT, "the WebP is damaged");
    const bool kept = described || file.has(at, "ALPH"sv) || file.has(at, "VP8 "sv) || file.has(at, "VP8L"sv);
    animated = animated || file.has(at, "ANMF"sv);
    if (kept) plain.insert(plain.end(), chunk.begin(), chunk.end());
    if (described) plain[plain.size() - chunk.size() + 8] &= kHasAlpha;
    at += chunk.size();
  }
  if (at != riff.size()) fail(CLIP4J_CORRUPT, "the WebP is damaged");
  // An animation's frames are read within their bounds.
  if (animated) return {riff.begin(), riff.end()};
  for (size_t i = 0; i < 4; ++i) plain[4 + i] = static_cast<uint8_t>((plain.size() - 8) >> (8 * i));
  return plain;
}

}  // namespace clip4j::image
