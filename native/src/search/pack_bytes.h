// Kernel::pack of the kernels that multiply bytes, included inside their unnamed namespaces.

void pack_bytes(const int8_t* codes, int32_t steps, int32_t column, int32_t width, uint8_t* pack) {
  for (int64_t step = 0; step < steps; ++step) {
    __builtin_memcpy(pack + (step * width + column) * kStepValues, codes + step * kStepValues, kStepValues);
  }
}
