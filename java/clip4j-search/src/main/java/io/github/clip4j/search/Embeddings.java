package io.github.clip4j.search;

import io.github.clip4j.search.internal.EmbeddingsAccess;
import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeMemory;
import java.nio.FloatBuffer;
import java.util.Objects;

/**
 * Rows of float32, all of one dimension, in native memory. Nothing changes them, so any number of
 * threads may read them at once.
 *
 * <p>{@link #close} gives the memory back once the last user is done: calls under way, indexes
 * built over these rows and views. After it every method but {@code close}, {@code rows}, {@code
 * dimension} and {@code bytes} throws {@link IllegalStateException}. A row that there is not is an
 * {@link IndexOutOfBoundsException}.
 */
public final class Embeddings implements AutoCloseable {
  private static final int BLOCK_FLOATS = 1 << 18;

  static {
    new EmbeddingsAccess() {
      @Override
      protected Embeddings create(NativeMemory memory, int rows, int dimension) {
        return new Embeddings(memory, rows, dimension);
      }
    };
  }

  private final NativeMemory memory;
  private final int rows;
  private final int dimension;

  private Embeddings(NativeMemory memory, int rows, int dimension) {
    this.memory = memory;
    this.rows = rows;
    this.dimension = dimension;
  }

  /**
   * Writes rows as {@link #fill} asks for them.
   *
   * @param <X> what it may throw
   */
  @FunctionalInterface
  public interface Filler<X extends Exception> {
    /**
     * Writes whole rows, from {@code firstRow} on, until {@code block} has no room left. The block
     * is valid during the call alone.
     */
    void fill(int firstRow, FloatBuffer block) throws X;
  }

  /**
   * A copy of {@code rows}, which must not be empty.
   *
   * @throws IllegalArgumentException if there is no row, a row is empty or their lengths differ
   */
  public static Embeddings copyOf(float[][] rows) {
    if (rows.length == 0) {
      throw new IllegalArgumentException("rows is empty: the dimension is unknown");
    }
    int dimension = Objects.requireNonNull(rows[0], "rows[0]").length;
    for (int i = 0; i < rows.length; i++) {
      int length = Objects.requireNonNull(rows[i], "rows[" + i + "]").length;
      if (length != dimension) {
        throw new IllegalArgumentException(
            "rows[" + i + "] has " + length + " values, rows[0] has " + dimension);
      }
    }
    return fill(
        rows.length,
        dimension,
        (firstRow, block) -> {
          for (int row = firstRow; block.hasRemaining(); row++) {
            block.put(rows[row]);
          }
        });
  }

  /**
   * A copy of {@code values}, rows one after another.
   *
   * @throws IllegalArgumentException if the number of values is not a multiple of {@code dimension}
   */
  public static Embeddings copyOf(float[] values, int dimension) {
    if (dimension < 1 || values.length % dimension != 0) {
      throw new IllegalArgumentException(
          values.length + " values are not rows of dimension " + dimension);
    }
    return fill(
        values.length / dimension,
        dimension,
        (firstRow, block) -> block.put(values, firstRow * dimension, block.remaining()));
  }

  /**
   * New embeddings that {@code filler} writes, block by block, first row to last; for sources too
   * large for an array.
   *
   * @param rows 0 or more
   * @param dimension 1 or more
   * @throws X what the filler throws
   * @throws IllegalArgumentException if rows or dimension are not possible
   * @throws IllegalStateException if the filler leaves room in a block
   */
  public static <X extends Exception> Embeddings fill(int rows, int dimension, Filler<X> filler)
      throws X {
    if (rows < 0 || dimension < 1 || dimension > Integer.MAX_VALUE / Float.BYTES) {
      throw new IllegalArgumentException(
          "no embeddings of " + rows + " rows x dimension " + dimension);
    }
    NativeMemory memory = NativeMemory.allocate("Embeddings", bytes(rows, dimension));
    try {
      int step = blockRows(rows, dimension);
      FloatBuffer block = FloatBuffer.allocate(step * dimension);
      for (int row = 0, count; row < rows; row += count) {
        count = Math.min(step, rows - row); // row + step may be no int.
        int values = count * dimension;
        filler.fill(row, block.clear().limit(values));
        if (block.position() != values) {
          throw new IllegalStateException(
              "the filler wrote %d of the %d values from row %d on"
                  .formatted(block.position(), values, row));
        }
        floats(memory, (long) row * dimension, values).put(block.flip());
      }
      return new Embeddings(memory, rows, dimension);
    } catch (Throwable failed) {
      memory.close();
      throw failed;
    }
  }

  /** The number of rows. */
  public int rows() {
    return rows;
  }

  /** Floats in a row. */
  public int dimension() {
    return dimension;
  }

  /** The native memory that the rows take. */
  public long bytes() {
    return memory.bytes();
  }

  /** A copy of row {@code i}. */
  public float[] row(int i) {
    float[] copy = new float[dimension];
    copyRow(i, copy);
    return copy;
  }

  /**
   * Copies row {@code i} to the first {@link #dimension} elements of {@code to}.
   *
   * @throws IllegalArgumentException if {@code to} is shorter
   */
  public void copyRow(int i, float[] to) {
    Objects.checkIndex(i, rows);
    if (to.length < dimension) {
      throw new IllegalArgumentException(
          "to has room for " + to.length + " values, a row has " + dimension);
    }
    copy((long) i * dimension, to, dimension);
  }

  /**
   * A copy of all rows, one after another.
   *
   * @throws IllegalStateException if they are too many for an array
   */
  public float[] toArray() {
    long count = (long) rows * dimension;
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException(count + " values are too many for an array");
    }
    float[] copy = new float[(int) count];
    copy(0, copy, copy.length);
    return copy;
  }

  /** Row {@code i} itself; see {@link #view(int, int)}. */
  public FloatBuffer view(int i) {
    Objects.checkIndex(i, rows);
    return view(i, i + 1);
  }

  /**
   * Rows {@code fromRow} (inclusive) to {@code toRow} (exclusive) themselves: read-only, nothing is
   * copied. A view stays valid after {@link #close} and keeps the memory until the garbage
   * collector finds the view unreachable.
   *
   * @throws IllegalArgumentException if they are over 2 GiB, more than a buffer can show
   */
  public FloatBuffer view(int fromRow, int toRow) {
    Objects.checkFromToIndex(fromRow, toRow, rows);
    long bytes = bytes(toRow - fromRow, dimension);
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "rows " + fromRow + " to " + toRow + " are " + bytes + " bytes, too many for a buffer");
    }
    return memory.view(bytes(fromRow, dimension), (int) bytes).asFloatBuffer().asReadOnlyBuffer();
  }

  /**
   * A copy whose rows have length 1.
   *
   * @throws IllegalArgumentException if a row is zero or not finite
   */
  public Embeddings normalized() {
    NativeMemory copy = NativeMemory.allocate("Embeddings", memory.bytes());
    try {
      memory.acquire();
      try {
        int step = blockRows(rows, dimension);
        for (int row = 0, count; row < rows; row += count) {
          count = Math.min(step, rows - row);
          long offset = (long) row * dimension;
          int values = count * dimension;
          floats(copy, offset, values).put(floats(memory, offset, values));
        }
      } finally {
        memory.release();
      }
      long address = copy.acquire();
      try {
        Native.check(Native.normalize(address, rows, dimension));
      } finally {
        copy.release();
      }
      return new Embeddings(copy, rows, dimension);
    } catch (Throwable failed) {
      copy.close();
      throw failed;
    }
  }

  @Override
  public void close() {
    memory.close();
  }

  @Override
  public String toString() {
    return "Embeddings[" + rows + " x " + dimension + "]";
  }

  /** For the index, which reads the rows where they are. */
  NativeMemory memory() {
    return memory;
  }

  private void copy(long offset, float[] to, int count) {
    memory.acquire();
    try {
      for (int done = 0; done < count; ) {
        int length = Math.min(count - done, Integer.MAX_VALUE / Float.BYTES);
        floats(memory, offset + done, length).get(to, done, length);
        done += length;
      }
    } finally {
      memory.release();
    }
  }

  private static FloatBuffer floats(NativeMemory memory, long offset, int count) {
    return memory.scratch(offset * Float.BYTES, count * Float.BYTES).asFloatBuffer();
  }

  private static int blockRows(int rows, int dimension) {
    return Math.min(rows, Math.max(1, BLOCK_FLOATS / dimension));
  }

  private static long bytes(int rows, int dimension) {
    return (long) rows * dimension * Float.BYTES;
  }
}
