package io.github.clip4j.cli;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.ArrayDeque;
import java.util.Deque;

/** What is to be undone when Ctrl-C, or any other end of the JVM, comes in the middle. */
final class Cleanup {
  private static final Deque<Runnable> PENDING = new ArrayDeque<>();
  private static boolean exiting;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(Cleanup::runAll, "clip4j-cleanup"));
  }

  private Cleanup() {}

  /**
   * Runs a step that Ctrl-C shall come before or after, but not into.
   *
   * @throws Clip4jException SHUTTING_DOWN where it has come
   */
  static void uninterrupted(Runnable step) {
    synchronized (PENDING) {
      if (exiting) {
        throw new Clip4jException(Kind.SHUTTING_DOWN, "the command was interrupted");
      }
      step.run();
    }
  }

  /** For use within {@link #uninterrupted}. */
  static void add(Runnable undo) {
    PENDING.push(undo);
  }

  /** For use within {@link #uninterrupted}: there is nothing to undo any more. */
  static void forget(Runnable undo) {
    PENDING.remove(undo);
  }

  /** Undoes it now, unless that was done or forgotten. */
  static void run(Runnable undo) {
    synchronized (PENDING) {
      if (PENDING.remove(undo)) {
        undo.run();
      }
    }
  }

  private static void runAll() {
    synchronized (PENDING) {
      exiting = true;
      while (!PENDING.isEmpty()) {
        PENDING.pop().run();
      }
    }
  }
}
