package io.github.clip4j.testing;

/** Arithmetic of rows, in float64. */
public final class Rows {
  private Rows() {}

  /** Of rows of length 1 it is their cosine. */
  public static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
