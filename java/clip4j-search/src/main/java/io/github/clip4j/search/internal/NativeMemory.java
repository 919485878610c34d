package io.github.clip4j.search.internal;

import java.nio.ByteBuffer;

/** A zeroed block of native memory, 64-byte aligned, counted by {@link Native#liveBytes}. */
public final class NativeMemory implements AutoCloseable {
  private final NativeHandle handle;
  private final long bytes;

  private NativeMemory(String what, long bytes) {
    this.handle = new NativeHandle(what, () -> NativeBlock.allocate(what, bytes), Native::release);
    this.bytes = bytes;
  }

  /**
   * A new block.
   *
   * @param what names the public object that owns it, for messages
   */
  public static NativeMemory allocate(String what, long bytes) {
    Native.load();
    return new NativeMemory(what, bytes);
  }

  /** Its size. */
  public long bytes() {
    return bytes;
  }

  /** As {@link NativeHandle#acquire}. */
  public long acquire() {
    return handle.acquire();
  }

  /** As {@link NativeHandle#release}. */
  public void release() {
    handle.release();
  }

  @Override
  public void close() {
    handle.close();
  }

  /**
   * A writable view that is valid only until the release that matches an acquire around it: it must
   * not escape.
   */
  public ByteBuffer scratch(long offset, int length) {
    long address = handle.acquire();
    try {
      return NativeBlock.buffer(address, bytes, offset, length);
    } finally {
      handle.release();
    }
  }

  /**
   * A view that anyone may hold for as long as they like: it, and every buffer derived from it, is
   * a use of the block, which ends when the garbage collector finds none of them reachable.
   */
  public ByteBuffer view(long offset, int length) {
    long address = handle.acquire();
    try {
      ByteBuffer buffer = NativeBlock.buffer(address, bytes, offset, length);
      // Buffers derived from this one refer to it.
      NativeHandle.CLEANER.register(buffer, handle::release);
      return buffer;
    } catch (Throwable failed) {
      handle.release();
      throw failed;
    }
  }
}
