package io.github.clip4j.cli;

/** Checks of numbers that users give. */
final class Numbers {
  private Numbers() {}

  static void atLeastOne(String option, int value) {
    if (value < 1) {
      throw new Failure(option + " " + value, "must be at least 1", "give a larger number").usage();
    }
  }
}
