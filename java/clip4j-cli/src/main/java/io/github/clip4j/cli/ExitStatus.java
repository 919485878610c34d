package io.github.clip4j.cli;

/** What the process exits with. */
final class ExitStatus {
  static final int DONE = 0;
  static final int ERROR = 1;
  static final int USAGE = 2;
  static final int SOME_FAILED = 3;

  private ExitStatus() {}
}
