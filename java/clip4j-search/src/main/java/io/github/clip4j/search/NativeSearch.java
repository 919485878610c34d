package io.github.clip4j.search;

import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeArray;
import io.github.clip4j.search.internal.NativeBlock;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * The native side of searches with one request: the request itself, room for a query, and what the
 * last search found. Searching again allocates nothing, unless more is found than ever before. For
 * one thread at a time; not to be used after close.
 */
final class NativeSearch implements AutoCloseable {
  // A clip4j_request, a clip4j_found and a clip4j_hits*, one after another.
  private static final int K = 0;
  private static final int K_COUNT = 8;
  private static final int MINIMUM_SCORE = 16;
  private static final int SIMILARITY = 24;
  private static final int FILTER = 28;
  private static final int FILTER_IDS = 32;
  private static final int FILTER_ROWS = 64;
  private static final int FILTER_WORDS = 72;
  private static final int FIRST_QUERY = 80;
  private static final int FOUND = 88;
  private static final int ROW = FOUND + 8;
  private static final int SCORE = FOUND + 16;
  private static final int ID = FOUND + 24;
  private static final int ID_TEXT = FOUND + 32;
  private static final int RESCORED = FOUND + 40;
  private static final int HITS = FOUND + 48;
  private static final int CONTENT = HITS + 8;

  /** The native function that searches: an index, or its copy on a GPU. */
  @FunctionalInterface
  interface Engine {
    int search(long index, long queries, int count, long request, long hits, long found);
  }

  private final Engine engine;
  private final boolean onePerQuery;
  private final NativeBlock block;
  private final ByteBuffer head;
  private final long query; // its offset in the block
  private final FloatBuffer queryValues;
  private final NativeArray offsets = new NativeArray();
  private final NativeArray rows = new NativeArray();
  private final NativeArray scores = new NativeArray();
  private final NativeArray ids = new NativeArray();
  private final NativeArray texts = new NativeArray();

  NativeSearch(Engine engine, SearchRequest request, int dimension) {
    this.engine = engine;
    long[] k = request.k();
    onePerQuery = request.onePerQuery();
    Filter filter = request.filter().orElse(null);
    long filterAt = CONTENT + (long) k.length * Long.BYTES;
    long content = filterBytes(filter);
    query = (filterAt + content + 63) / 64 * 64;
    block = new NativeBlock("a search", query + (long) dimension * Float.BYTES);
    try {
      head = block.buffer(0, CONTENT + Long.BYTES);
      queryValues = block.buffer(query, dimension * Float.BYTES).asFloatBuffer();
      NativeIds.copy(k, block, CONTENT);
      head.putDouble(MINIMUM_SCORE, request.minimumScore());
      head.putInt(SIMILARITY, request.similarity().code);
      if (filter != null) {
        write(filter, filterAt);
      }
      Native.check(Native.hitsCreate(block.address() + HITS));
    } catch (Throwable failed) {
      block.close();
      throw failed;
    }
  }

  private static long filterBytes(Filter filter) {
    if (filter == null) {
      return 0;
    }
    return NativeIds.contentBytes(filter.ids())
        + (filter.rows() == null ? 0 : (long) filter.rows().length * Long.BYTES);
  }

  private void write(Filter filter, long at) {
    head.putInt(FILTER, filter.allows() ? 1 : 2);
    if (filter.ids() != null) {
      NativeIds.write(filter.ids(), block, FILTER_IDS, at);
    } else {
      NativeIds.copy(filter.rows(), block, at);
      head.putLong(FILTER_ROWS, block.address() + at);
      head.putLong(FILTER_WORDS, filter.rows().length);
    }
  }

  /** From now on no query finds more than its best {@code k}; for a request of one k for all. */
  void limit(long k) {
    head.putLong(CONTENT, k);
  }

  /** Searches {@code index} with one query of the dimension given at first. */
  void search(long index, float[] values) {
    queryValues.put(0, values);
    search(index, block.address() + query, 0, 1);
  }

  /** Searches with {@code count} of the request's queries, {@code first} the first of them. */
  void search(long index, long queries, int first, int count) {
    head.putLong(K, block.address() + CONTENT + (onePerQuery ? (long) first * Long.BYTES : 0));
    head.putLong(K_COUNT, onePerQuery ? count : 1);
    head.putLong(FIRST_QUERY, first);
    Native.check(
        engine.search(
            index, queries, count, block.address(), head.getLong(HITS), block.address() + FOUND));
    offsets.show(head.getLong(FOUND), (count + 1) * Long.BYTES);
    int bytes = size(offsets.longAt(count) * Long.BYTES);
    rows.show(head.getLong(ROW), bytes);
    scores.show(head.getLong(SCORE), bytes);
    ids.show(head.getLong(ID), bytes);
  }

  private static int size(long bytes) {
    if (bytes > Integer.MAX_VALUE - 8) {
      throw new Clip4jException(
          Kind.TOO_LARGE,
          "the hits are "
              + bytes
              + " bytes, more than a buffer can show: ask for fewer, or for a higher score");
    }
    return (int) bytes;
  }

  /** Number of the first hit of a query of the last search; after the last query the end. */
  int begin(int query) {
    return (int) offsets.longAt(query);
  }

  int row(int hit) {
    return (int) rows.longAt(hit);
  }

  double score(int hit) {
    return scores.doubleAt(hit);
  }

  /** A hit's long id, or where in {@link #copyText} the string ends that is its id. */
  long id(int hit) {
    return ids.longAt(hit);
  }

  /**
   * The string ids of the first {@code hits} hits, one after another in UTF-8; {@code to} where
   * they fit.
   */
  byte[] copyText(int hits, byte[] to) {
    int length = hits == 0 ? 0 : size(id(hits - 1));
    texts.show(head.getLong(ID_TEXT), length);
    byte[] text = length <= to.length ? to : new byte[length];
    texts.copy(0, text, length);
    return text;
  }

  /** Rows whose float32 values the last search read. */
  long rescored() {
    return head.getLong(RESCORED);
  }

  @Override
  public void close() {
    Native.hitsFree(head.getLong(HITS));
    block.close();
  }
}
