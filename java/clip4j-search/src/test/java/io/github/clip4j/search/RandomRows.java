package io.github.clip4j.search;

import java.util.Arrays;
import java.util.Random;

/** Rows of normally distributed values, the same for the same seed. */
final class RandomRows {
  private RandomRows() {}

  static Embeddings of(int rows, int dimension, long seed) {
    return Embeddings.copyOf(values(rows, dimension, seed), dimension);
  }

  static float[][] arrays(int rows, int dimension, long seed) {
    float[] values = values(rows, dimension, seed);
    float[][] arrays = new float[rows][];
    for (int row = 0; row < rows; row++) {
      arrays[row] = Arrays.copyOfRange(values, row * dimension, (row + 1) * dimension);
    }
    return arrays;
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
