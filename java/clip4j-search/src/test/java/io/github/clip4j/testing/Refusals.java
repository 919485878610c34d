package io.github.clip4j.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;

/** What calls that must not succeed say. */
public final class Refusals {
  private Refusals() {}

  /** The arguments are wrong. */
  public static void refused(String message, Runnable call) {
    String text = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(text.contains(message), text);
  }

  /** The arguments are right, and something else is not. */
  public static void failed(Kind kind, String message, Runnable call) {
    Clip4jException e = assertThrows(Clip4jException.class, call::run);
    assertEquals(kind, e.kind(), e.getMessage());
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }
}
