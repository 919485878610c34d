// vector_math.inl's Vector of AVX-512, included inside namespace clip4j, once for each instruction set that has
// it.

namespace {

using Vector [[gnu::vector_size(64)]] = float;
using Integers [[gnu::vector_size(64)]] = int32_t;

Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }

}  // namespace
