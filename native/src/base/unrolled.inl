// Included inside a kernel's unnamed namespace, so that no two instruction sets share a function.
//
// f(0), ..., f(kCount - 1) with constants: GCC keeps arrays in registers that no loop, unrolled or not, goes
// through.
template <typename F, int... kIndex>
[[gnu::always_inline]] inline void unrolled(const F& f, std::integer_sequence<int, kIndex...>) {
  (f(std::integral_constant<int, kIndex>()), ...);
}
template <int kCount, typename F>
[[gnu::always_inline]] inline void unrolled(const F& f) {
  unrolled(f, std::make_integer_sequence<int, kCount>());
}
