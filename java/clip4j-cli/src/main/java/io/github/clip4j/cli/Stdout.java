package io.github.clip4j.cli;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Ends the command where stdout takes no more; a PrintStream alone would go on for nobody. Where
 * the reader has gone, as {@code head} does when it has seen enough, it ends without a word.
 */
final class Stdout extends OutputStream {
  private final OutputStream out;
  private boolean broken;

  Stdout(OutputStream out) {
    this.out = out;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) {
    if (broken) {
      return; // That has been said.
    }
    try {
      out.write(bytes, from, length);
    } catch (IOException e) {
      broken = true;
      if (Failure.reason(e).contains("Broken pipe")) {
        throw new Clip4jException(Kind.SHUTTING_DOWN, "the reader of stdout has gone");
      }
      throw Failure.of("stdout", "cannot be written", e);
    }
  }
}
