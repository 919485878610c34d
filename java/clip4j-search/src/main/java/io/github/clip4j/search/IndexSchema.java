package io.github.clip4j.search;

import java.util.Objects;

/**
 * What never changes about an index.
 *
 * @param dimension floats in a row, 1 or more
 * @param ids what its rows are called
 * @param fingerprint of the model that makes its rows, such as ClipModel.fingerprint(); empty where
 *     that is not known
 */
public record IndexSchema(int dimension, IdKind ids, String fingerprint) {
  private static final int MOST = Integer.MAX_VALUE / Float.BYTES;

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if dimension &lt; 1 or a row were over 2 GiB, or the
   *     fingerprint has a null character
   */
  public IndexSchema {
    Objects.requireNonNull(ids, "ids");
    Objects.requireNonNull(fingerprint, "fingerprint");
    if (dimension < 1 || dimension > MOST) {
      throw new IllegalArgumentException("dimension must be 1 to " + MOST + ", not " + dimension);
    }
    if (fingerprint.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("fingerprint has a null character");
    }
  }

  /** A schema for rows of a model that is not known. */
  public IndexSchema(int dimension, IdKind ids) {
    this(dimension, ids, "");
  }

  /**
   * Refuses rows or queries of another model, where both are known.
   *
   * @param what made by it, for the message
   */
  void checkFingerprint(String other, String what) {
    if (!fingerprint.isEmpty() && !other.isEmpty() && !fingerprint.equals(other)) {
      throw new IllegalArgumentException(
          what
              + " of the model with fingerprint "
              + other
              + " cannot be compared with the index's rows, which are of "
              + fingerprint);
    }
  }

  /** Refuses another dimension; {@code what} has it, for the message. */
  void checkDimension(int other, String what) {
    if (other != dimension) {
      throw new IllegalArgumentException(
          what + " dimension " + other + ", the index has " + dimension);
    }
  }
}
