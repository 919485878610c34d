// Functions of vectors, once for each instruction set: no #pragma once, and everything in the including
// file's unnamed namespace, so that no other file can end up with code for a CPU that it does not run on. The
// including file has defined there
//   Vector, Integers             float and int32_t with GCC's vector_size
//   multiply_add(a, b, c)        a * b + c

namespace {

constexpr int64_t kLanes = sizeof(Vector) / sizeof(float);

Vector load(const float* from) {
  Vector vector;
  __builtin_memcpy(&vector, from, sizeof(vector));
  return vector;
}

void store(Vector vector, float* to) { __builtin_memcpy(to, &vector, sizeof(vector)); }

// e^x for x <= 0, 2e-7 relative; 0 where that is below the normal numbers. x = n ln 2 + r, |r| <= ln 2 / 2.
Vector exponential(Vector x) {
  constexpr float kRound = 0x1.8p23f;  // adding it leaves an integer in the low bits
  const Vector shifted = multiply_add(x, Vector{} + 0x1.715476p0f, Vector{} + kRound);
  const Vector n = shifted - kRound;
  Vector r = multiply_add(n, Vector{} - 0x1.62e4p-1f, x);  // ln 2 in two parts
  r = multiply_add(n, Vector{} - 0x1.7f7d1cp-20f, r);
  Vector e = Vector{} + 1.0f / 720;
  e = multiply_add(e, r, Vector{} + 1.0f / 120);
  e = multiply_add(e, r, Vector{} + 1.0f / 24);
  e = multiply_add(e, r, Vector{} + 1.0f / 6);
  e = multiply_add(e, r, Vector{} + 0.5f);
  e = multiply_add(e, r, Vector{} + 1.0f);
  e = multiply_add(e, r, Vector{} + 1.0f);
  const Integers power = (reinterpret_cast<Integers>(shifted) + 127) << 23;  // the bits of 2^n
  return x < -87.0f ? Vector{} : e * reinterpret_cast<Vector>(power);
}

}  // namespace
