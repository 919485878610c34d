package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedList;
import java.util.List;
import org.junit.jupiter.api.Test;

class IdsTest {
  @Test
  void walksThroughAListInsteadOfAskingForEachElement() {
    List<String> linked =
        new LinkedList<>(List.of("a", "b")) {
          @Override
          public String get(int index) {
            throw new AssertionError("element after element, a linked list takes quadratic time");
          }
        };
    assertEquals(2, Ids.of(linked).size());
    linked.add(null);
    String text = assertThrows(NullPointerException.class, () -> Ids.of(linked)).getMessage();
    assertEquals("ids[2]", text);
  }

  @Test
  void areACopy() {
    long[] given = {5};
    Ids ids = Ids.of(given);
    given[0] = 6;
    assertEquals(Ids.of(5L), ids);
  }

  @Test
  void givesThemBack() {
    Ids longs = Ids.of(5L, Long.MIN_VALUE);
    assertEquals(Long.MIN_VALUE, longs.longId(1));
    assertThrows(IllegalStateException.class, () -> longs.stringId(0));
    assertThrows(IndexOutOfBoundsException.class, () -> longs.longId(2));
    Ids strings = Ids.of("\ud83d\ude00", "", "b");
    assertEquals("\ud83d\ude00", strings.stringId(0));
    assertEquals("", strings.stringId(1));
    assertEquals("b", strings.stringId(2));
    assertThrows(IllegalStateException.class, () -> strings.longId(0));
    assertThrows(IndexOutOfBoundsException.class, () -> strings.stringId(-1));
    assertThrows(IndexOutOfBoundsException.class, () -> strings.stringId(3));
  }

  @Test
  void aHitsIdHasItsType() {
    Hits.Hit number = new Hits.Hit(3, 0.5);
    assertEquals(3, number.longId());
    assertThrows(IllegalStateException.class, number::stringId);
    Hits.Hit named = new Hits.Hit(3, 0.5, "a");
    assertEquals("a", named.stringId());
    assertThrows(IllegalStateException.class, named::longId);
  }
}
