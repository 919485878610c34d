package io.github.clip4j.search.internal;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * Runs what must not fail half-way for reasons of the calling thread: an interrupt would close the
 * files that a library is being unpacked to, and a stack that is nearly full would end a static
 * initialiser. Either would spoil the library's classes until the JVM ends.
 */
public final class FreshThread {
  private FreshThread() {}

  /** Runs {@code body} on a thread of its own and waits for it; an interrupt waits too. */
  public static <T> T call(String name, Supplier<T> body) {
    return start(name, body).join();
  }

  /** Runs {@code body} on a thread of its own. */
  public static <T> Task<T> start(String name, Supplier<T> body) {
    FutureTask<T> future = new FutureTask<>(body::get);
    Thread thread = new Thread(future, name);
    thread.setDaemon(true);
    thread.start();
    return new Task<>(future);
  }

  /** What such a thread does. */
  public record Task<T>(FutureTask<T> future) {
    /** Waits for the result, or throws what the body threw; an interrupt waits too. */
    public T join() {
      boolean interrupted = false;
      try {
        while (true) {
          try {
            return future.get();
          } catch (InterruptedException e) {
            interrupted = true;
          } catch (ExecutionException e) {
            throw unchecked(e.getCause());
          }
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** A Supplier throws nothing else. Its trace is of the other thread: the caller's is added. */
  private static RuntimeException unchecked(Throwable thrown) {
    if (thrown.getSuppressed().length == 0) {
      thrown.addSuppressed(new Exception("the thread that waited for it"));
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    return (RuntimeException) thrown;
  }
}
