package io.github.clip4j.internal;

import io.github.clip4j.search.Embeddings;

/** Arithmetic with embeddings in float64. */
public final class Vectors {
  private Vectors() {}

  /** Exact; products of two such numbers are exact too. */
  public static double[] doubles(float[] row) {
    double[] doubles = new double[row.length];
    for (int i = 0; i < row.length; i++) {
      doubles[i] = row[i];
    }
    return doubles;
  }

  /** The dot product of two vectors of one length. */
  public static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /**
   * A row, scaled to length 1 once more: float32 rows are so but for their rounding, and a dot
   * product of two is a cosine only then.
   */
  public static double[] unit(Embeddings rows, int row) {
    return unitMean(rows, row, row + 1);
  }

  /** The mean of rows {@code from} to {@code to - 1}, scaled to length 1. */
  public static double[] unitMean(Embeddings rows, int from, int to) {
    double[] sum = new double[rows.dimension()];
    for (int row = from; row < to; row++) {
      float[] values = rows.row(row);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += values[i];
      }
    }
    scaleToUnit(sum);
    return sum;
  }

  /** Gives a vector that is not zero the length 1. */
  public static void scaleToUnit(double[] vector) {
    double length = Math.sqrt(dot(vector, vector));
    for (int i = 0; i < vector.length; i++) {
      vector[i] /= length;
    }
  }
}
