package io.github.clip4j.benchmarks;

import io.github.clip4j.ClipRuntime;
import io.github.clip4j.NativeMemoryUse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;

/** Calls that threads repeat for some time, while samples are taken. */
final class Load {
  /** For the calls under way when the time is over; longer than they wait for anything. */
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private static final NativeMemoryUse NOTHING = new NativeMemoryUse(0, 0, 0);

  private final long end;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  private Load(Duration time) {
    this.end = System.nanoTime() + time.toNanos();
  }

  interface Call {
    void run() throws Exception;
  }

  /**
   * Repeats each call on a thread of its own and takes a number of samples meanwhile. Ends early,
   * and throws what was thrown, where a call fails. Where one does not end, the JVM does, with 1.
   */
  static <S> List<S> run(List<Call> calls, Duration time, int samples, Callable<S> sample)
      throws Exception {
    Load load = new Load(time);
    List<Thread> threads = new ArrayList<>();
    for (Call call : calls) {
      threads.add(new Thread(() -> load.repeat(call), "load-" + threads.size()));
    }
    threads.forEach(Thread::start);
    List<S> taken = new ArrayList<>();
    while (load.goesOn()) {
      Thread.sleep(Math.max(1, time.toMillis() / samples));
      taken.add(sample.call());
    }
    long limit = System.nanoTime() + LIMIT.toNanos();
    for (Thread thread : threads) {
      thread.join(Math.max(1, (limit - System.nanoTime()) / 1_000_000));
      if (thread.isAlive()) {
        endFor(thread, load.failure.get());
      }
    }
    if (load.failure.get() != null) {
      throw new IllegalStateException("a call failed", load.failure.get());
    }
    return taken;
  }

  /** By force: to close what a call still uses may take as long as the call. */
  private static void endFor(Thread thread, Throwable failure) {
    System.out.println("a call of " + thread.getName() + " has not ended in " + LIMIT + ":");
    for (StackTraceElement place : thread.getStackTrace()) {
      System.out.println("  at " + place);
    }
    if (failure != null) {
      System.out.println("before that another call failed: " + failure);
    }
    System.out.flush();
    Runtime.getRuntime().halt(1);
  }

  /** Once everything is closed: says what native memory is left, if any is. */
  static boolean nothingIsLeft() {
    NativeMemoryUse left = ClipRuntime.nativeMemory();
    if (!left.equals(NOTHING)) {
      System.out.println("left when all is closed: " + left);
    }
    return left.equals(NOTHING);
  }

  private boolean goesOn() {
    return System.nanoTime() < end && failure.get() == null;
  }

  private void repeat(Call call) {
    try {
      while (goesOn()) {
        call.run();
      }
    } catch (Throwable e) {
      failure.compareAndSet(null, e);
    }
  }
}
