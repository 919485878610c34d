#if defined(__x86_64__)

#include <immintrin.h>

#include "clip/kernels/packed.h"

namespace clip4j {

#include "clip/kernels/packed_avx2.inl"

// AVX2 has no product of its own for them.
#include "clip/kernels/packed_any.inl"

const packed::Kernel packed::avx2_int8 = {"avx2", packed::Element::kInt8, multiply_int8, encode_int8,
                                          normalize};
const packed::Kernel packed::avx2_bf16 = {"avx2", packed::Element::kBf16, multiply_bf16, encode_bf16,
                                          normalize};

}  // namespace clip4j

#endif
