package io.github.clip4j;

/**
 * The arithmetic of the encoders: what their layers multiply. Weights are converted when a model is
 * loaded; embeddings are 32-bit floating point in all of them.
 *
 * <p>On the CPU normalisation and the sums are 32-bit floating point too, and a picture's or a
 * text's result does not depend on what else is in its batch. Attention beside {@link #BF16} and
 * {@link #INT8} multiplies bfloat16 where the CPU does (AVX512_BF16). On a GPU what lies between
 * layers has the layers' own precision, and the last bits may depend on the batch.
 *
 * <p>How near to {@link #FP32} the others come, and how fast they are, is in benchmarks/RESULTS.md:
 * cosines of at least 0.9995 ({@link #BF16}) and 0.998 ({@link #INT8}) with models of the usual
 * widths. A projection to a handful of values has little to average over, and can be further off.
 * Embeddings of different precisions of one model can be compared with each other.
 */
public enum Precision {
  // In the order of clip4j_precision: native code knows them by their number.

  /** 32-bit floating point, whatever the weights are stored as. The reference. */
  FP32,
  /** bfloat16: half the memory. Fast on CPUs that multiply it (AVX512_BF16), else no faster. */
  BF16,
  /** IEEE 16-bit floating point: as fast as {@link #BF16} on a GPU and nearer. On GPUs alone. */
  FP16,
  /**
   * 8-bit integers: a quarter of the memory. Weights have a scale an output; activations a scale
   * and a zero a row. Fast on CPUs with VNNI (AVX512-VNNI or AVX-VNNI), elsewhere slower than
   * {@link #FP32}. On the CPU alone.
   */
  INT8,
  /**
   * The fastest of the others on this CPU: {@link #INT8} with VNNI, else {@link #FP32}; on a GPU
   * {@link #BF16}. {@link ClipModel#precision()} tells which it is.
   */
  AUTO
}
