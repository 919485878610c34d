package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.cli.PictureList.Entry;
import org.junit.jupiter.api.Test;

class PictureListTest {
  private static final long THEN = 1_000_000_000_000L;
  private static final long TICK = 2_000_000_000L;

  @Test
  void aFileIsTheOneThatWasLookedAt() {
    Entry entry = new Entry("a", "/a", 5, THEN, THEN + 3, "");
    FileStamp same = new FileStamp(5, THEN, THEN + 3);
    long later = THEN + 3 + TICK + 1;
    assertTrue(entry.isCertainly(same, later));
    assertFalse(entry.isCertainly(same, later - 1), "it may have changed in one tick of a clock");
    assertFalse(entry.isCertainly(new FileStamp(6, THEN, THEN + 3), later));
    assertFalse(entry.isCertainly(new FileStamp(5, THEN + 1, THEN + 3), later));
    assertFalse(entry.isCertainly(new FileStamp(5, THEN, THEN + 4), later));
    Entry touched = new Entry("a", "/a", 5, THEN + 3, THEN, "");
    assertFalse(touched.isCertainly(new FileStamp(5, THEN + 3, THEN), later - 1));
  }
}
