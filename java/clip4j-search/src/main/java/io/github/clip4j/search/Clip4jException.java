package io.github.clip4j.search;

import java.util.Objects;

/**
 * What clip4j throws when the world, rather than the calling code, is at fault: files, bytes,
 * memory, the machine. Wrong arguments are {@link IllegalArgumentException}, use after close is
 * {@link IllegalStateException}.
 */
public final class Clip4jException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong, for code to decide by. */
  public enum Kind {
    /** An item of a batch that cannot be used as given. */
    INVALID_ARGUMENT,
    /** No native memory was left. */
    OUT_OF_MEMORY,
    /** A file, a tensor of a model, or a native library that is not there. */
    MISSING,
    /** It exists but cannot be read: a directory, permissions, an I/O error. */
    UNREADABLE,
    /** The bytes are not what their format promises. */
    CORRUPT,
    /** Over a limit that the options or the format set. */
    TOO_LARGE,
    /** Well-formed, but not something that this build, this machine or these options accept. */
    UNSUPPORTED,
    /** The JVM is exiting. */
    SHUTTING_DOWN,
    /** A defect of clip4j or of a library below it. */
    INTERNAL,
    /** A file cannot be written: a full disk, permissions, an I/O error. */
    UNWRITABLE,
    /** Somebody else is writing there, in this process or another. */
    LOCKED
  }

  private final Kind kind;

  /** An exception without a cause. */
  public Clip4jException(Kind kind, String message) {
    this(kind, message, null);
  }

  /** An exception with a cause, which may be null. */
  public Clip4jException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = Objects.requireNonNull(kind, "kind");
  }

  /** What went wrong. */
  public Kind kind() {
    return kind;
  }
}
