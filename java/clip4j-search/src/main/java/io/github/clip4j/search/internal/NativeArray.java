package io.github.clip4j.search.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A view of an array that native code owns, and may move or let grow from call to call: only then a
 * new buffer is made. For one thread at a time, and to be read only while native code keeps it.
 */
public final class NativeArray {
  private long address;
  private ByteBuffer buffer = ByteBuffer.allocate(0);

  /** From now on these {@code bytes} at {@code at}; nothing behind them may be read. */
  public void show(long at, int bytes) {
    if (bytes > 0 && (at != address || bytes > buffer.capacity())) {
      buffer = Native.buffer(at, bytes).order(ByteOrder.nativeOrder());
      address = at;
    }
  }

  /** Number {@code i} of an array of longs. */
  public long longAt(int i) {
    return buffer.getLong(i * Long.BYTES);
  }

  /** Number {@code i} of an array of doubles. */
  public double doubleAt(int i) {
    return buffer.getDouble(i * Double.BYTES);
  }

  /** Copies its first {@code length} longs to {@code to}, from {@code start} there on. */
  public void copy(long[] to, int start, int length) {
    buffer.asLongBuffer().get(0, to, start, length);
  }

  /** Copies {@code length} bytes from {@code start} on. */
  public void copy(int start, byte[] to, int length) {
    buffer.get(start, to, 0, length);
  }
}
