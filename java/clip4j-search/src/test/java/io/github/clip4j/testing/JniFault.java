package io.github.clip4j.testing;

/** Commits a JNI mistake on purpose; {@code ./clip4j test} expects -Xcheck:jni to report it. */
final class JniFault {
  private JniFault() {}

  static native void commit();

  /** Loads the library at {@code args[0]} and makes the mistake. */
  public static void main(String[] args) {
    System.load(args[0]);
    try {
      commit();
    } catch (IllegalStateException expected) {
      System.out.println("the fault was committed");
    }
  }
}
