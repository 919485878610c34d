package io.github.clip4j.search;

import java.util.Random;

/** Rows of normally distributed values, the same for the same seed. */
final class RandomRows {
  private RandomRows() {}

  static Embeddings of(int rows, int dimension, long seed) {
    return Embeddings.copyOf(values(rows, dimension, seed), dimension);
  }

  static float[] values(int rows, int dimension, long seed) {
    Random random = new Random(seed);
    float[] values = new float[rows * dimension];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
