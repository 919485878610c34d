package io.github.clip4j.search;

import io.github.clip4j.search.internal.NativeArray;
import io.github.clip4j.search.internal.NativeBlock;
import java.nio.ByteBuffer;

/** Ids in native memory, as a clip4j_ids, for one call. */
final class NativeIds implements AutoCloseable {
  /** Bytes of a clip4j_ids. */
  static final int STRUCT = 32;

  private final NativeBlock block;

  /**
   * A copy.
   *
   * @param ids null for none, which an index of row numbers wants
   */
  NativeIds(Ids ids) {
    block = new NativeBlock("ids", STRUCT + contentBytes(ids));
    try {
      if (ids != null) {
        write(ids, block, 0, STRUCT);
      }
    } catch (Throwable failed) {
      block.close();
      throw failed;
    }
  }

  /** Of the struct. */
  long address() {
    return block.address();
  }

  /** What {@link #write} needs besides the struct. */
  static long contentBytes(Ids ids) {
    return ids == null ? 0 : (long) ids.values().length * Long.BYTES + ids.text().length;
  }

  /** Writes the struct at offset {@code struct} and what it points to at {@code content}. */
  static void write(Ids ids, NativeBlock block, long struct, long content) {
    copy(ids.values(), block, content);
    long text = content + (long) ids.values().length * Long.BYTES;
    block.buffer(text, ids.text().length).put(ids.text());
    ByteBuffer fields = block.buffer(struct, STRUCT);
    fields.putLong(block.address() + content).putLong(block.address() + text);
    fields.putLong(ids.size()).putInt(ids.kind().code);
  }

  /** A copy of the ids that a struct points to. */
  static Ids read(ByteBuffer struct) {
    boolean strings = struct.getInt(24) == IdKind.STRING.code;
    NativeArray array = new NativeArray();
    long[] values = new long[(int) struct.getLong(16)];
    int most = Integer.MAX_VALUE / Long.BYTES;
    for (int done = 0, length; done < values.length; done += length) {
      length = Math.min(most, values.length - done);
      array.show(struct.getLong(0) + (long) done * Long.BYTES, length * Long.BYTES);
      array.copy(values, done, length);
    }
    byte[] text = new byte[strings && values.length > 0 ? bytes(values[values.length - 1]) : 0];
    array.show(struct.getLong(8), text.length);
    array.copy(0, text, text.length);
    return Ids.owning(strings ? IdKind.STRING : IdKind.LONG, values, text);
  }

  private static int bytes(long length) {
    if (length > Ids.MOST_TEXT) {
      throw new Clip4jException(
          Clip4jException.Kind.TOO_LARGE,
          "the ids are " + length + " bytes of UTF-8, more than an array has room for");
    }
    return (int) length;
  }

  /** In pieces that a buffer can show. */
  static void copy(long[] values, NativeBlock block, long offset) {
    int most = Integer.MAX_VALUE / Long.BYTES;
    for (int done = 0; done < values.length; ) {
      int length = Math.min(most, values.length - done);
      long at = offset + (long) done * Long.BYTES;
      block.buffer(at, length * Long.BYTES).asLongBuffer().put(values, done, length);
      done += length;
    }
  }

  @Override
  public void close() {
    block.close();
  }
}
