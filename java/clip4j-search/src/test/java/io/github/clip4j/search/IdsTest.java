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
}
