package io.github.clip4j.search.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.function.Supplier;

/** The status codes of clip4j_status.h. */
public final class Status {
  /** Success. */
  public static final int OK = 0;

  private static final Kind[] KINDS = {
    Kind.INVALID_ARGUMENT,
    Kind.OUT_OF_MEMORY,
    Kind.MISSING,
    Kind.UNREADABLE,
    Kind.CORRUPT,
    Kind.TOO_LARGE,
    Kind.UNSUPPORTED,
    Kind.SHUTTING_DOWN,
    Kind.INTERNAL,
    Kind.UNWRITABLE,
    Kind.LOCKED
  };

  private Status() {}

  /** The kind of a failure; {@link #OK} has none. */
  public static Kind kind(int status) {
    return status >= 1 && status <= KINDS.length ? KINDS[status - 1] : Kind.INTERNAL;
  }

  /**
   * Returns when a native call succeeded. Otherwise throws {@link IllegalArgumentException} for a
   * caller's wrong values and {@link Clip4jException} for the rest, with the text that {@code
   * lastError} has for this thread.
   */
  public static void check(int status, Supplier<String> lastError) {
    if (status == OK) {
      return;
    }
    Kind kind = kind(status);
    if (kind == Kind.INVALID_ARGUMENT) {
      throw new IllegalArgumentException(lastError.get());
    }
    throw new Clip4jException(kind, lastError.get());
  }
}
