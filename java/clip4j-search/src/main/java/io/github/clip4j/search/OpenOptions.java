package io.github.clip4j.search;

import java.util.Objects;
import java.util.OptionalLong;

/**
 * How an index on disk is opened, or created.
 *
 * @param writable whether it may be changed; there is one writer at a time among all processes
 * @param rowMemory bytes of native memory that the float32 rows may take, beyond which they are
 *     read from disk when a search needs them; empty: a quarter of the machine's memory, or of what
 *     the container may have
 * @param fingerprint of the model whose queries and rows the index will get; empty where that is
 *     not known
 */
public record OpenOptions(boolean writable, OptionalLong rowMemory, String fingerprint) {
  /** Opens for searching what was committed by then. */
  public static final OpenOptions READ = new OpenOptions(false, OptionalLong.empty(), "");

  /** Opens for searching and changing. */
  public static final OpenOptions WRITE = new OpenOptions(true, OptionalLong.empty(), "");

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if rowMemory is negative
   */
  public OpenOptions {
    Objects.requireNonNull(fingerprint, "fingerprint");
    if (rowMemory.isPresent() && rowMemory.getAsLong() < 0) {
      throw new IllegalArgumentException("rowMemory is negative: " + rowMemory.getAsLong());
    }
  }

  /** A copy that keeps at most {@code bytes} of float32 rows in memory. */
  public OpenOptions withRowMemory(long bytes) {
    return new OpenOptions(writable, OptionalLong.of(bytes), fingerprint);
  }

  /**
   * A copy for queries and rows of the model of this fingerprint: an index of another one's rows is
   * refused.
   */
  public OpenOptions withFingerprint(String ofModel) {
    return new OpenOptions(writable, rowMemory, ofModel);
  }
}
