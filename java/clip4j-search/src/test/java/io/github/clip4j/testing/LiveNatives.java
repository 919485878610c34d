package io.github.clip4j.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeHandle;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails every test method, and every test class, that ends with more native bytes or handles than
 * it began with, or that left something for the garbage collector to free. Registered for a whole
 * module by META-INF/services/org.junit.jupiter.api.extension.Extension.
 *
 * <p>A module with a native library of its own extends this with the counters of that library.
 */
public class LiveNatives
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(LiveNatives.class);
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);

  private final Map<String, LongSupplier> counters = new LinkedHashMap<>();

  public LiveNatives() {
    this(Map.of());
  }

  /** Watches {@code more} counters, by name, too. */
  protected LiveNatives(Map<String, LongSupplier> more) {
    Native.load();
    counters.put("bytes of clip4j_search", Native::liveBytes);
    counters.put("handles of clip4j_search", Native::liveHandles);
    counters.put("handles freed by the garbage collector", NativeHandle::leaks);
    counters.putAll(more);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    begin(context);
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    begin(context);
  }

  @Override
  public void afterEach(ExtensionContext context) throws InterruptedException {
    end(context);
  }

  @Override
  public void afterAll(ExtensionContext context) throws InterruptedException {
    end(context);
  }

  private void begin(ExtensionContext context) {
    context.getStore(NAMESPACE).put(context.getUniqueId(), live());
  }

  /** Views end when they are collected, so what is still live may need a collection or two. */
  private void end(ExtensionContext context) throws InterruptedException {
    Map<?, ?> before = context.getStore(NAMESPACE).get(context.getUniqueId(), Map.class);
    long deadline = System.nanoTime() + PATIENCE;
    while (!live().equals(before) && System.nanoTime() < deadline) {
      System.gc();
      Thread.sleep(10);
    }
    assertEquals(before, live(), "live at the end of " + context.getDisplayName());
  }

  private Map<String, Long> live() {
    Map<String, Long> live = new LinkedHashMap<>();
    counters.forEach((name, counter) -> live.put(name, counter.getAsLong()));
    return live;
  }
}
