package io.github.clip4j.search;

/** What the rows of an index are called. */
public enum IdKind {
  /** Their row numbers, in the order in which rows were added. Such an index only grows. */
  ROW_NUMBER(0),
  /** A {@code long} each. */
  LONG(1),
  /** A string each: at most 65,535 bytes of UTF-8. */
  STRING(2);

  /** Its number in clip4j_search.h. */
  final int code;

  IdKind(int code) {
    this.code = code;
  }

  void checkLong() {
    if (this == STRING) {
      throw new IllegalStateException("the ids are strings");
    }
  }

  void checkString() {
    if (this != STRING) {
      throw new IllegalStateException("the ids are longs or row numbers");
    }
  }
}
