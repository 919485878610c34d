package io.github.clip4j.search;

import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeHandle;
import io.github.clip4j.search.internal.NativeMemory;
import io.github.clip4j.search.internal.Status;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.IntBuffer;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Exact search over the rows of {@link Embeddings}: the hits and their order are those of float64
 * arithmetic on the stored float32 rows. Any number of threads may search at once, and each search
 * uses all CPUs of the process.
 *
 * <p>The rows need not be of unit length. A row of zeros has cosine 0 with everything.
 */
public final class EmbeddingIndex implements AutoCloseable {
  /** Bounds the native memory that the results of one native call take. */
  private static final long RESULT_BYTES = 32L << 20;

  private final NativeHandle handle;
  private final int size;
  private final int dimension;

  private EmbeddingIndex(NativeHandle handle, int size, int dimension) {
    this.handle = handle;
    this.size = size;
    this.dimension = dimension;
  }

  /**
   * An index over {@code rows}, which are not copied: the index keeps their memory until it is
   * closed, whether or not {@code rows} has been closed by then.
   *
   * @throws IllegalArgumentException if there is no row, or one is not finite
   */
  public static EmbeddingIndex of(Embeddings rows) {
    if (rows.rows() == 0) {
      throw new IllegalArgumentException("rows is empty: an index needs a row");
    }
    NativeMemory memory = rows.memory();
    LongConsumer free =
        index -> {
          Native.indexFree(index);
          memory.release();
        };
    long address = memory.acquire();
    long index;
    try {
      index = create(address, rows.rows(), rows.dimension());
    } catch (Throwable failed) {
      memory.release();
      throw failed;
    }
    return new EmbeddingIndex(
        new NativeHandle("EmbeddingIndex", index, free), rows.rows(), rows.dimension());
  }

  private static long create(long address, int rows, int dimension) {
    try (NativeBlock result = new NativeBlock("EmbeddingIndex", Long.BYTES)) {
      ByteBuffer index = result.buffer(0, Long.BYTES); // Nothing may fail once the index exists.
      Status.check(
          Native.indexCreate(address, rows, dimension, result.address()), Native::lastError);
      return index.getLong();
    }
  }

  /** The number of rows. */
  public int size() {
    return size;
  }

  /** Floats in a row. */
  public int dimension() {
    return dimension;
  }

  /**
   * The {@code k} rows of the highest cosine with each query; see {@link #search(Embeddings, int,
   * Similarity)}.
   */
  public Hits search(Embeddings queries, int k) {
    return search(queries, k, Similarity.COSINE);
  }

  /** The {@code k} rows of the highest cosine with {@code query}. */
  public Hits search(float[] query, int k) {
    return search(query, k, Similarity.COSINE);
  }

  /**
   * The {@code k} rows most similar to {@code query}; see {@link #search(Embeddings, int,
   * Similarity)}.
   */
  public Hits search(float[] query, int k, Similarity similarity) {
    checkDimension(query.length);
    try (NativeBlock block = new NativeBlock("query", (long) dimension * Float.BYTES)) {
      block.buffer(0, dimension * Float.BYTES).asFloatBuffer().put(query);
      return search(block.address(), 1, k, similarity);
    }
  }

  /**
   * The {@code k} rows most similar to each query, all of them when there are fewer.
   *
   * @param queries of the index's dimension; they need not be of unit length
   * @param k 1 or more
   * @throws IllegalArgumentException if k &lt; 1, the dimensions differ, or a query is not finite
   *     or, for the cosine, zero
   */
  public Hits search(Embeddings queries, int k, Similarity similarity) {
    checkDimension(queries.dimension());
    NativeMemory memory = queries.memory();
    long address = memory.acquire();
    try {
      return search(address, queries.rows(), k, similarity);
    } finally {
      memory.release();
    }
  }

  private Hits search(long queries, int queryCount, int k, Similarity similarity) {
    Objects.requireNonNull(similarity, "similarity");
    if (k < 1) {
      throw new IllegalArgumentException("k must be at least 1, not " + k);
    }
    int count = Math.min(k, size);
    Hits hits = new Hits(new int[queryCount][count], new double[queryCount][count], count);
    long index = handle.acquire();
    try {
      search(index, queries, similarity, hits);
    } finally {
      handle.release();
    }
    return hits;
  }

  /** In as many native calls as it takes to bound the memory of their results. */
  private void search(long index, long queries, Similarity similarity, Hits hits) {
    int count = hits.count();
    long bytesPerQuery = (long) count * (Double.BYTES + Integer.BYTES);
    if (bytesPerQuery > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("k is too large for a buffer: " + count);
    }
    int step = (int) Math.max(1, Math.min(hits.queries(), RESULT_BYTES / bytesPerQuery));
    int rowsOffset = step * count * Double.BYTES;
    try (NativeBlock results = new NativeBlock("Hits", step * bytesPerQuery)) {
      DoubleBuffer scores = results.buffer(0, rowsOffset).asDoubleBuffer();
      IntBuffer rows = results.buffer(rowsOffset, step * count * Integer.BYTES).asIntBuffer();
      for (int first = 0; first < hits.queries(); first += step) {
        int queryCount = Math.min(step, hits.queries() - first);
        Status.check(
            Native.indexSearch(
                index,
                queries + (long) first * dimension * Float.BYTES,
                queryCount,
                count,
                similarity.code,
                results.address() + rowsOffset,
                results.address()),
            Native::lastError);
        hits.fill(first, queryCount, rows, scores);
      }
    }
  }

  /** Frees the index once no search is under way. */
  @Override
  public void close() {
    handle.close();
  }

  @Override
  public String toString() {
    return "EmbeddingIndex[" + size + " x " + dimension + "]";
  }

  private void checkDimension(int other) {
    if (other != dimension) {
      throw new IllegalArgumentException(
          "queries have dimension " + other + ", the index has " + dimension);
    }
  }
}
