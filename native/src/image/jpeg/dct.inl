// One dimension of the inverse DCT, once for each instruction set: no #pragma once, and everything in the
// including file's unnamed namespace, so that no other file can end up with code for a CPU that it does not
// run on.

#include <cstdint>

namespace {

constexpr int kDctBits = 13;  // of fraction, in the constants

constexpr uint32_t fixed(double value) { return static_cast<uint32_t>(value * (1 << kDctBits) + 0.5); }

// Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications" (1989), in
// the integers of libjpeg's accurate transform, scaled by sqrt(8) * 2^kDctBits. `rounding` is added to each
// result. V is uint32_t or a vector of them: sums of hostile values wrap.
template <typename V>
inline void inverse_dct_1d(V (&v)[8], V rounding) {
  const V turn = (v[2] + v[6]) * fixed(0.541196100);
  const V even2 = turn - v[6] * fixed(1.847759065);
  const V even3 = turn + v[2] * fixed(0.765366865);
  const V even0 = (v[0] + v[4]) * (1u << kDctBits) + rounding;
  const V even1 = (v[0] - v[4]) * (1u << kDctBits) + rounding;

  const V all = (v[1] + v[3] + v[5] + v[7]) * fixed(1.175875602);
  const V outer = (v[1] + v[7]) * fixed(0.899976223);
  const V inner = (v[3] + v[5]) * fixed(2.562915447);
  const V sum37 = all - (v[3] + v[7]) * fixed(1.961570560);
  const V sum15 = all - (v[1] + v[5]) * fixed(0.390180644);
  const V odd7 = v[7] * fixed(0.298631336) - outer + sum37;
  const V odd5 = v[5] * fixed(2.053119869) - inner + sum15;
  const V odd3 = v[3] * fixed(3.072711026) - inner + sum37;
  const V odd1 = v[1] * fixed(1.501321110) - outer + sum15;

  v[0] = even0 + even3 + odd1;
  v[7] = even0 + even3 - odd1;
  v[1] = even1 + even2 + odd3;
  v[6] = even1 + even2 - odd3;
  v[2] = even1 - even2 + odd5;
  v[5] = even1 - even2 - odd5;
  v[3] = even0 - even3 + odd7;
  v[4] = even0 - even3 - odd7;
}

// Columns keep two bits of fraction; behind the rows these go, and 3 bits for the two scalings, and 0 becomes
// 128.
constexpr int kColumnShift = kDctBits - 2;
constexpr int kRowShift = kDctBits + 2 + 3;
constexpr uint32_t kColumnRounding = 1u << (kColumnShift - 1);
constexpr uint32_t kRowRounding = (1u << (kRowShift - 1)) + (128u << kRowShift);

}  // namespace
