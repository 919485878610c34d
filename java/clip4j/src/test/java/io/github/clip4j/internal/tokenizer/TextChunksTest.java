package io.github.clip4j.internal.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TextChunksTest {
  @Test
  void aboutEquallyLong() {
    assertEquals(List.of(4, 7, 10), TextChunks.ends(new long[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 4));
    assertEquals(List.of(4), TextChunks.ends(new long[] {0, 1, 2, 3}, 4));
    assertEquals(List.of(3, 5), TextChunks.ends(new long[] {0, 1, 2, 3, 4}, 4));
  }

  @Test
  void betweenWords() {
    assertEquals(List.of(2, 5, 6), TextChunks.ends(new long[] {0, 0, 1, 1, 1, 2}, 3));
    assertEquals(List.of(3, 6), TextChunks.ends(new long[] {0, 0, 0, 1, 1, 2}, 4));
  }

  @Test
  void withinAWordThatIsTooLong() {
    assertEquals(List.of(3, 6, 8), TextChunks.ends(new long[8], 3));
  }

  @Test
  void everyPartHasTokensAndRoom() {
    for (int seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      long[] words = new long[random.nextInt(200)];
      for (int i = 1; i < words.length; i++) {
        words[i] = words[i - 1] + (random.nextInt(3) == 0 ? 1 : 0);
      }
      int longest = 1 + random.nextInt(40);
      int start = 0;
      for (int end : TextChunks.ends(words, longest)) {
        assertTrue(end > start && end - start <= longest, "seed " + seed);
        start = end;
      }
      assertEquals(words.length, start, "seed " + seed);
    }
  }
}
