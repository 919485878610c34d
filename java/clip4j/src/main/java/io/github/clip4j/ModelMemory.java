package io.github.clip4j;

/**
 * Memory of a model, native or its device's, in bytes.
 *
 * @param visionWeights of the tower that encodes pictures
 * @param textWeights of the tower that encodes texts
 * @param scratch pictures on their way to the encoder, and what {@link Precision#BF16} and {@link
 *     Precision#INT8} compute in, kept from the first encoding on. {@link Precision#FP32} and
 *     devices compute in memory of libtorch's, which is not counted
 */
public record ModelMemory(long visionWeights, long textWeights, long scratch) {
  /** All of it. */
  public long total() {
    return visionWeights + textWeights + scratch;
  }
}
