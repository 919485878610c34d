package io.github.clip4j.internal;

import io.github.clip4j.search.internal.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Native memory for one call: what goes in and what comes back, addressed until it is closed. */
final class Scratch implements AutoCloseable {
  private final NativeMemory memory;
  private final long address;

  Scratch(long bytes) {
    memory = NativeMemory.allocate("a call's arguments", bytes);
    address = memory.acquire();
  }

  long address() {
    return address;
  }

  /** A view in native byte order; it must not outlive this. */
  ByteBuffer view(long offset, int length) {
    return memory.scratch(offset, length).order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    memory.release();
    memory.close();
  }
}
