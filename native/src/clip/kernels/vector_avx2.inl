// vector_math.inl's Vector of AVX2, included inside namespace clip4j, once for each instruction set that has
// it.

namespace {

using Vector [[gnu::vector_size(32)]] = float;
using Integers [[gnu::vector_size(32)]] = int32_t;

Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }

}  // namespace
