package io.github.clip4j.search.internal;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Guards an object that is for one thread at a time: a use while another is under way is refused,
 * and the object's memory is freed once it is closed and no use is under way. Uses make no garbage.
 */
public final class SoleUse implements AutoCloseable {
  private final String what;
  private final NativeHandle handle;
  private final AtomicBoolean busy = new AtomicBoolean();

  /**
   * A guard. Where it throws, {@code free} is not called.
   *
   * @param what names the public object, for messages: "Searcher"
   * @param free frees its memory; must not refer to the object
   */
  public SoleUse(String what, Runnable free) {
    this.what = what;
    this.handle = new NativeHandle(what, () -> 0, nothing -> free.run());
  }

  /**
   * Begins a use, which {@link #end} ends.
   *
   * @throws IllegalStateException where another is under way, and after close
   */
  public void begin() {
    if (!busy.compareAndSet(false, true)) {
      throw new IllegalStateException("two threads use this " + what + " at once");
    }
    try {
      handle.acquire();
    } catch (Throwable closed) {
      busy.set(false);
      throw closed;
    }
  }

  /** Ends the use that {@link #begin} began. */
  public void end() {
    handle.release();
    busy.set(false);
  }

  /** As {@link NativeHandle#close}. */
  @Override
  public void close() {
    handle.close();
  }
}
