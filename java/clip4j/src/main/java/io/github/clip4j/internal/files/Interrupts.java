package io.github.clip4j.internal.files;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/** An interrupt says nothing about a file or a server, so it is told as what it is. */
public final class Interrupts {
  public static final String DOWNLOAD = "the download";

  private Interrupts() {}

  /** UNREADABLE; the thread stays interrupted. */
  public static Clip4jException told(String doing, Exception e) {
    Thread.currentThread().interrupt();
    return new Clip4jException(Kind.UNREADABLE, doing + " was interrupted", e);
  }

  /** Throws it where that is why {@code e} came: an interrupt closes what the thread reads. */
  public static void rethrow(String doing, IOException e) {
    if (e instanceof ClosedByInterruptException) {
      throw told(doing, e);
    }
  }

  /** Throws it where an interrupt is why something was not downloaded. */
  public static void rethrow(IOException e) {
    rethrow(DOWNLOAD, e);
  }
}
