package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.internal.Native;
import io.github.clip4j.search.internal.NativeLoader;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Every test ends with no native byte and no handle left. Found by JUnit through META-INF/services.
 */
public final class NoLeaks implements AfterEachCallback {
  /** For JUnit. */
  public NoLeaks() {}

  @Override
  public void afterEach(ExtensionContext context) {
    if (NativeLoader.loaded().containsKey(Native.class)) {
      assertEquals(0, Native.liveHandles(), "live models");
      assertEquals(0, Native.liveBytes(), "live bytes of models");
    }
    if (NativeLoader.loaded().containsKey(io.github.clip4j.search.internal.Native.class)) {
      assertEquals(0, io.github.clip4j.search.internal.Native.liveHandles(), "live indexes");
      assertEquals(0, io.github.clip4j.search.internal.Native.liveBytes(), "live bytes of rows");
    }
  }
}
