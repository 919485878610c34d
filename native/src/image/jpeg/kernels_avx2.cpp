#include "image/jpeg/kernels.h"

#ifdef __x86_64__

#include <immintrin.h>

#include "image/jpeg/dct.inl"

namespace clip4j::image {
namespace {

using Words = uint32_t __attribute__((vector_size(32)));

inline __m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
inline __m256i bits(Words words) { return reinterpret_cast<__m256i>(words); }
inline Words words(__m256i bits) { return reinterpret_cast<Words>(bits); }

// Of 8 x 8: pairs within each half of a row, then pairs of pairs, then halves.
inline void transpose(Words (&v)[8]) {
  __m256i pairs[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_epi32(bits(v[i]), bits(v[i + 1]));
    pairs[i + 1] = _mm256_unpackhi_epi32(bits(v[i]), bits(v[i + 1]));
  }
  __m256i fours[8];
  for (int i = 0; i < 8; i += 4) {
    fours[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
    fours[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
    fours[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    fours[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = words(_mm256_permute2x128_si256(fours[i], fours[i + 4], 0x20));
    v[i + 4] = words(_mm256_permute2x128_si256(fours[i], fours[i + 4], 0x31));
  }
}

void inverse_dct(int16_t* coefficients, const int16_t* steps, uint8_t* out, ptrdiff_t stride) {
  Words v[8];
  for (int y = 0; y < 8; ++y) {
    v[y] = words(_mm256_cvtepi16_epi32(_mm_mullo_epi16(load(coefficients + 8 * y), load(steps + 8 * y))));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(coefficients + 8 * y), _mm_setzero_si128());
  }
  inverse_dct_1d(v, Words{} + kColumnRounding);
  for (Words& row : v) row = words(_mm256_srai_epi32(bits(row), kColumnShift));
  transpose(v);
  inverse_dct_1d(v, Words{} + kRowRounding);
  // Now each vector is a column. Packing puts rows 0 to 3 into the lower lane, column by column, and 4 to 7
  // into the upper.
  __m256i columns[2];
  for (int half = 0; half < 2; ++half) {
    __m256i pairs[2];
    for (int i = 0; i < 2; ++i) {
      const Words* two = v + 4 * half + 2 * i;
      pairs[i] = _mm256_packs_epi32(_mm256_srai_epi32(bits(two[0]), kRowShift),
                                    _mm256_srai_epi32(bits(two[1]), kRowShift));
    }
    const __m256i by_row =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    columns[half] = _mm256_shuffle_epi8(_mm256_packus_epi16(pairs[0], pairs[1]), by_row);
  }
  const __m256i rows[] = {_mm256_unpacklo_epi32(columns[0], columns[1]),   // 0 1, 4 5
                          _mm256_unpackhi_epi32(columns[0], columns[1])};  // 2 3, 6 7
  for (int i = 0; i < 8; ++i) {
    const __m256i pair = rows[i / 2 % 2];
    const __m128i lane = i < 4 ? _mm256_castsi256_si128(pair) : _mm256_extracti128_si256(pair, 1);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + i * stride),
                     i % 2 == 0 ? lane : _mm_unpackhi_epi64(lane, lane));
  }
}

// (factor * value + 2^15) >> 16.
inline __m256i scaled(__m256i value, int16_t factor) {
  const __m256i twice = _mm256_mulhi_epi16(_mm256_add_epi16(value, value), _mm256_set1_epi16(factor));
  return _mm256_srai_epi16(_mm256_add_epi16(twice, _mm256_set1_epi16(1)), 1);
}

inline __m128i pack(__m256i values) {
  return _mm_packus_epi16(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
}

// Which of 16 values of a channel goes to each byte of the three vectors that 16 pixels fill; 0x80: none.
struct Interleaving {
  alignas(16) uint8_t from[3][3][16];
};

constexpr Interleaving interleaving() {
  Interleaving result{};
  for (int i = 0; i < 48; ++i) {
    for (int channel = 0; channel < 3; ++channel) {
      result.from[i / 16][channel][i % 16] = static_cast<uint8_t>(i % 3 == channel ? i / 3 : 0x80);
    }
  }
  return result;
}

constexpr Interleaving kInterleaving = interleaving();

// Sixteen pixels. The scalar kernel's factors are 2^16 + 26345, -22554 and -2^16 + 18734, 2^17 - 14942.
inline void convert(const uint8_t* luma, const uint8_t* blue, const uint8_t* red, uint8_t* rgb) {
  const __m256i y = _mm256_cvtepu8_epi16(load(luma));
  const __m256i cb = _mm256_sub_epi16(_mm256_cvtepu8_epi16(load(blue)), _mm256_set1_epi16(128));
  const __m256i cr = _mm256_sub_epi16(_mm256_cvtepu8_epi16(load(red)), _mm256_set1_epi16(128));
  const auto green = [&](__m256i both) {
    const __m256i factors = _mm256_set1_epi32(static_cast<int>(18734u << 16 | (-22554 & 0xffff)));
    const __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(both, factors), _mm256_set1_epi32(1 << 15));
    return _mm256_srai_epi32(sum, 16);
  };
  const __m256i g =
      _mm256_packs_epi32(green(_mm256_unpacklo_epi16(cb, cr)), green(_mm256_unpackhi_epi16(cb, cr)));
  const __m128i channels[] = {
      pack(_mm256_add_epi16(_mm256_add_epi16(y, cr), scaled(cr, 26345))),
      pack(_mm256_add_epi16(_mm256_sub_epi16(y, cr), g)),
      pack(_mm256_add_epi16(_mm256_add_epi16(y, _mm256_add_epi16(cb, cb)), scaled(cb, -14942))),
  };
  for (int i = 0; i < 3; ++i) {
    __m128i bytes = _mm_setzero_si128();
    for (int channel = 0; channel < 3; ++channel) {
      const __m128i from = load(kInterleaving.from[i][channel]);
      bytes = _mm_or_si128(bytes, _mm_shuffle_epi8(channels[channel], from));
    }
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rgb + 16 * i), bytes);
  }
}

void to_rgb(const uint8_t* luma, const uint8_t* blue, const uint8_t* red, int width, uint8_t* rgb) {
  constexpr int kBlock = 16;
  if (width < kBlock) return kScalarJpeg.to_rgb(luma, blue, red, width, rgb);
  for (int at = 0; at < width; at += kBlock) {
    const int here = at + kBlock <= width ? at : width - kBlock;  // the last block overlaps the one before
    convert(luma + here, blue + here, red + here, rgb + 3 * here);
  }
}

}  // namespace

const JpegKernels kAvx2Jpeg = {inverse_dct, to_rgb};

}  // namespace clip4j::image

#endif
