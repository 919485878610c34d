package io.github.clip4j.search.internal;

import io.github.clip4j.search.Clip4jException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Function;
import java.util.function.LongConsumer;

/**
 * Zeroed native memory, 64-byte aligned, for one call: whoever allocates it closes it, and no other
 * thread sees it meanwhile. What is shared, or may be forgotten, is {@link NativeMemory} or belongs
 * to a {@link NativeHandle}.
 */
public final class NativeBlock implements AutoCloseable {
  private static final String ANSWER = "a call's answer";

  private final long address;
  private final long bytes;

  /**
   * A new block.
   *
   * @param what what it is for, for messages
   */
  public NativeBlock(String what, long bytes) {
    Native.load();
    this.address = allocate(what, bytes);
    this.bytes = bytes;
  }

  /** A block that holds a text, null-terminated. */
  public static NativeBlock ofText(String what, byte[] text) {
    NativeBlock block = new NativeBlock(what, text.length + 1L); // The last byte stays zero.
    try {
      block.buffer(0, text.length).put(text);
      return block;
    } catch (Throwable failed) {
      block.close();
      throw failed;
    }
  }

  /**
   * What {@code reader} makes of the answer of a native call.
   *
   * @param bytes of the answer
   * @param call gets the address to which the native function writes it, and throws where that
   *     fails
   */
  public static <T> T answer(int bytes, LongConsumer call, Function<ByteBuffer, T> reader) {
    try (NativeBlock block = new NativeBlock(ANSWER, bytes)) {
      ByteBuffer answer = block.buffer(0, bytes); // Before the call, whose answer must not be lost.
      call.accept(block.address());
      return reader.apply(answer);
    }
  }

  /**
   * A native call's answer of 8 bytes. Behind the call nothing is allocated: what it points to,
   * where it is an address, cannot be lost.
   */
  public static long number(LongConsumer call) {
    try (NativeBlock block = new NativeBlock(ANSWER, Long.BYTES)) {
      ByteBuffer answer = block.buffer(0, Long.BYTES);
      call.accept(block.address());
      return answer.getLong();
    }
  }

  /** Where it begins. */
  public long address() {
    return address;
  }

  /** A writable view, not to be used after close. */
  public ByteBuffer buffer(long offset, int length) {
    return buffer(address, bytes, offset, length);
  }

  /** Frees the memory; once. */
  @Override
  public void close() {
    Native.release(address);
  }

  static long allocate(String what, long bytes) {
    long address = Native.allocate(bytes);
    if (address == 0) {
      throw new Clip4jException(
          Clip4jException.Kind.OUT_OF_MEMORY, what + ": no native memory for " + bytes + " bytes");
    }
    return address;
  }

  static ByteBuffer buffer(long address, long bytes, long offset, int length) {
    if (offset < 0 || length < 0 || offset > bytes - length) {
      throw new IndexOutOfBoundsException(offset + " + " + length + " > " + bytes);
    }
    return Native.buffer(address + offset, length).order(ByteOrder.nativeOrder());
  }
}
