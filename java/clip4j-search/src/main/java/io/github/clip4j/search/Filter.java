package io.github.clip4j.search;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;

/**
 * Which rows a search may find. Immutable, and a value: a bit set is copied.
 *
 * <p>Rows are named by id or by row number. Row numbers of an index with ids are those of a moment:
 * they change when a writer merges. So name rows by id there, unless nobody writes. In an index
 * without ids a row's number is its id, a long.
 */
public final class Filter {
  private final boolean allows;
  private final long[] rows; // null: ids say which
  private final Ids ids; // null: rows say which

  private Filter(boolean allows, long[] rows, Ids ids) {
    this.allows = allows;
    this.rows = rows;
    this.ids = ids;
  }

  /** The rows of these numbers and no others. Bits past the last row mean nothing. */
  public static Filter allow(BitSet rows) {
    return new Filter(true, rows.toLongArray(), null);
  }

  /** All rows but those of these numbers. Bits past the last row mean nothing. */
  public static Filter deny(BitSet rows) {
    return new Filter(false, rows.toLongArray(), null);
  }

  /** The rows of these ids and no others. Ids that the index does not have mean nothing. */
  public static Filter allow(Ids ids) {
    return new Filter(true, null, Objects.requireNonNull(ids, "ids"));
  }

  /** All rows but those of these ids. Ids that the index does not have mean nothing. */
  public static Filter deny(Ids ids) {
    return new Filter(false, null, Objects.requireNonNull(ids, "ids"));
  }

  boolean allows() {
    return allows;
  }

  /** Bit r % 64 of word r / 64 is row r's; null where {@link #ids} say which. */
  long[] rows() {
    return rows;
  }

  /** Null where {@link #rows} say which. */
  Ids ids() {
    return ids;
  }

  /** Of the same kind, with the same bits or equal ids. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Filter that
        && allows == that.allows
        && Arrays.equals(rows, that.rows)
        && Objects.equals(ids, that.ids);
  }

  @Override
  public int hashCode() {
    return Objects.hash(allows, Arrays.hashCode(rows), ids);
  }

  @Override
  public String toString() {
    Object which = ids == null ? BitSet.valueOf(rows).cardinality() + " rows" : ids;
    return "Filter[" + (allows ? "allow " : "deny ") + which + "]";
  }
}
