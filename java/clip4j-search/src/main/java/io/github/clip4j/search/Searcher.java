package io.github.clip4j.search;

import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeHandle;
import io.github.clip4j.search.internal.SoleUse;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Searches an index again and again, one query at a time, without making garbage: memory for the
 * query and for what is found is taken once and reused, and grows only where more is found than
 * ever before.
 *
 * <p>For one thread: give each thread its own. (Two at once get an {@link IllegalStateException},
 * or hits of either's query.) It sees what has been written to the index meanwhile. What was found
 * last can be read until the next search, also after {@link #close}.
 */
public final class Searcher implements AutoCloseable {
  private final NativeHandle index;
  private final IndexSchema schema;
  private final NativeSearch search;
  private final SoleUse use;
  private int count;
  private int[] rows = new int[0];
  private double[] scores = new double[0];
  private long[] ids = new long[0];
  private byte[] text = new byte[0];
  private long rescored;

  Searcher(NativeHandle index, IndexSchema schema, SearchRequest request) {
    request.checkQueries(1);
    schema.checkFingerprint(request.fingerprint(), "queries");
    this.index = index;
    this.schema = schema;
    NativeSearch made = new NativeSearch(Native::indexSearch, request, schema.dimension());
    this.search = made;
    try {
      this.use = new SoleUse("Searcher", made::close);
    } catch (Throwable failed) {
      made.close();
      throw failed;
    }
  }

  /**
   * Finds rows for {@code query} and returns how many were found.
   *
   * @param query of the index's dimension; it need not be of unit length
   * @throws IllegalArgumentException as {@link EmbeddingIndex#search(float[], SearchRequest)}
   * @throws Clip4jException as there
   * @throws IllegalStateException after this or the index was closed
   */
  public int search(float[] query) {
    schema.checkDimension(query.length, "the query has");
    use.begin();
    try {
      count = 0;
      long address = index.acquire();
      try {
        search.search(address, query);
      } finally {
        index.release();
      }
      copy();
    } finally {
      use.end();
    }
    return count;
  }

  private void copy() {
    int found = search.begin(1);
    if (found > rows.length) {
      ids = new long[found];
      scores = new double[found];
      rows = new int[found]; // The last: its length says that there is room in all of them.
    }
    for (int i = 0; i < found; i++) {
      rows[i] = search.row(i);
      scores[i] = search.score(i);
      ids[i] = search.id(i);
    }
    if (schema.ids() == IdKind.STRING) {
      text = search.copyText(found, text);
    }
    rescored = search.rescored();
    count = found;
  }

  /** How many hits there are. */
  public int count() {
    return count;
  }

  /** The row of hit {@code i}; 0 is the best. */
  public int row(int i) {
    return rows[Objects.checkIndex(i, count)];
  }

  /** The score of hit {@code i}, computed in float64. */
  public double score(int i) {
    return scores[Objects.checkIndex(i, count)];
  }

  /**
   * The id of hit {@code i}; where rows are called by their numbers, its number.
   *
   * @throws IllegalStateException where ids are strings
   */
  public long longId(int i) {
    schema.ids().checkLong();
    return ids[Objects.checkIndex(i, count)];
  }

  /**
   * The id of hit {@code i}, a new string.
   *
   * @throws IllegalStateException where ids are not strings
   */
  public String stringId(int i) {
    schema.ids().checkString();
    int start = Objects.checkIndex(i, count) == 0 ? 0 : (int) ids[i - 1];
    return new String(text, start, (int) ids[i] - start, StandardCharsets.UTF_8);
  }

  /** Rows that were scored by their float32 values in the last search. */
  public long rescored() {
    return rescored;
  }

  /** Gives its native memory back once no search is under way. The index stays open. */
  @Override
  public void close() {
    use.close();
  }

  @Override
  public String toString() {
    return "Searcher[" + schema.dimension() + "]";
  }
}
