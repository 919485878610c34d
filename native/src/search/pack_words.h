// Kernel::pack of the kernels that multiply int16, included inside their unnamed namespaces.

void pack_words(const int8_t* codes, int32_t steps, int32_t column, int32_t width, uint8_t* pack) {
  for (int64_t step = 0; step < steps; ++step, codes += kStepValues) {
    const int16_t words[] = {codes[0], codes[2], codes[1], codes[3]};
    __builtin_memcpy(pack + (step * width + column) * static_cast<int64_t>(sizeof(words)), words,
                     sizeof(words));
  }
}
