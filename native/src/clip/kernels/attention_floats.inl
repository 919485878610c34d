// attention_kernel.inl's values where they are floats: included before it, inside no namespace, after Vector
// and multiply_add.

namespace {

using Value = float;

Vector broadcast(const Value* value) { return *value - Vector{}; }
Vector add_products(Vector a, Vector b, Vector sums) { return multiply_add(a, b, sums); }
void store_values(Vector vector, Value* to) { __builtin_memcpy(to, &vector, sizeof(vector)); }

}  // namespace
