package io.github.clip4j.search.internal;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Holds the address of a native object that threads share, or that may be forgotten. It counts
 * uses: the owner's, which ends with {@link #close}, and one for every {@link #acquire}. The last
 * one to end frees the native object, so closing while a call is under way is safe.
 *
 * <pre>{@code
 * handle.use(address -> Native.call(address));
 * }</pre>
 *
 * <p>A handle that becomes unreachable without close is reported, with the place that made it, and
 * freed.
 */
public final class NativeHandle implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger("io.github.clip4j");
  static final Cleaner CLEANER = Cleaner.create();
  private static final AtomicLong LEAKS = new AtomicLong();
  private static final int SITE_FRAMES = 12;

  private final State state;
  private final Cleaner.Cleanable cleanable;

  /**
   * Makes a native object and holds it. What the Java heap must give for that is taken before: a
   * heap that is full loses no native object. Where it throws, nothing has been made, and {@code
   * free} is not called.
   *
   * @param what names the public object, for messages: "Embeddings"
   * @param create makes the native object and returns its address, or throws and has made nothing
   * @param free frees the address; must not refer to the handle
   */
  public NativeHandle(String what, LongSupplier create, LongConsumer free) {
    this.state = new State(what, free);
    this.cleanable = CLEANER.register(this, state);
    try {
      state.begin(create.getAsLong());
    } catch (Throwable failed) {
      close();
      throw failed;
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Begins a use and returns the address, which stays valid until {@link #release}.
   *
   * @throws IllegalStateException after close
   */
  public long acquire() {
    try {
      if (state.closed.get() || !state.retain()) {
        throw new IllegalStateException(state.what + " is closed");
      }
      return state.address;
    } finally {
      // Not before the use is counted may the cleaner take an owner's last call for a leak.
      Reference.reachabilityFence(this);
    }
  }

  /**
   * What {@code call} makes of the address, which stays valid meanwhile.
   *
   * @throws IllegalStateException after close
   */
  public <T> T use(LongFunction<T> call) {
    long address = acquire();
    try {
      return call.apply(address);
    } finally {
      release();
    }
  }

  /** As {@link #use}, where nothing is made of it; makes no garbage itself. */
  public void run(LongConsumer call) {
    long address = acquire();
    try {
      call.accept(address);
    } finally {
      release();
    }
  }

  /** Ends the use that one {@link #acquire} began. */
  public void release() {
    state.release();
  }

  /** Ends the owner's use. The second time it does nothing; it never throws. */
  @Override
  public void close() {
    state.closed.set(true);
    cleanable.clean(); // Runs the state once, whoever calls it first.
    Reference.reachabilityFence(this);
  }

  /** How many handles so far were freed by the garbage collector rather than closed. */
  public static long leaks() {
    return LEAKS.get();
  }

  /** Everything but the handle itself, so that the cleaner does not keep the handle alive. */
  private static final class State implements Runnable {
    final String what;
    final LongConsumer free;
    long address; // written before the first use begins
    final Throwable site = new Throwable(); // its frames are named only for a report
    final AtomicBoolean closed = new AtomicBoolean();
    final AtomicInteger uses = new AtomicInteger(); // none: there is nothing to free

    State(String what, LongConsumer free) {
      this.what = what;
      this.free = free;
    }

    /** The owner's use. */
    void begin(long made) {
      address = made;
      uses.set(1);
    }

    boolean retain() {
      for (int n = uses.get(); n > 0; n = uses.get()) {
        if (uses.compareAndSet(n, n + 1)) {
          return true;
        }
      }
      return false;
    }

    void release() {
      if (uses.decrementAndGet() == 0) {
        free.accept(address);
      }
    }

    @Override
    public void run() {
      try {
        if (!closed.get()) {
          LEAKS.incrementAndGet();
          LOGGER.log(System.Logger.Level.WARNING, this::leak);
        }
      } finally {
        release();
      }
    }

    private String leak() {
      String internals = NativeHandle.class.getPackageName();
      return what
          + " was never closed and was freed by the garbage collector; it was made at"
          + Arrays.stream(site.getStackTrace())
              .dropWhile(frame -> frame.getClassName().startsWith(internals))
              .limit(SITE_FRAMES)
              .map(frame -> "\n\tat " + frame)
              .collect(Collectors.joining());
    }
  }
}
