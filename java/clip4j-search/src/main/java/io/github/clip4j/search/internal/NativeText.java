package io.github.clip4j.search.internal;

import java.nio.charset.StandardCharsets;

/** Texts that native code owns. */
public final class NativeText {
  private NativeText() {}

  /** A copy of the null-terminated UTF-8 text at {@code address}. */
  public static String at(long address) {
    return at(address, Native.length(address));
  }

  /** A copy of {@code bytes} of UTF-8 text at {@code address}. */
  public static String at(long address, long bytes) {
    return StandardCharsets.UTF_8.decode(Native.buffer(address, bytes)).toString();
  }
}
