package io.github.clip4j;

import io.github.clip4j.internal.Native;
import io.github.clip4j.testing.LiveNatives;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Every test ends with no native byte and no handle left. Found by JUnit through META-INF/services.
 */
public final class NoLeaks extends LiveNatives {
  public NoLeaks() {
    super(counters());
  }

  private static Map<String, LongSupplier> counters() {
    Native.load();
    return Map.of("bytes of clip4j", Native::liveBytes, "handles of clip4j", Native::liveHandles);
  }
}
