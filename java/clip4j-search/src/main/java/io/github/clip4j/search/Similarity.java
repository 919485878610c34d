package io.github.clip4j.search;

/** How a query and a row are compared. */
public enum Similarity {
  /** The cosine of their angle, {@code q.r / (|q| |r|)}, from -1 to 1; 0 for a row of zeros. */
  COSINE(0),
  /** Their dot product, {@code q.r}. */
  DOT(1);

  /** Its number in clip4j_search.h. */
  final int code;

  Similarity(int code) {
    this.code = code;
  }
}
