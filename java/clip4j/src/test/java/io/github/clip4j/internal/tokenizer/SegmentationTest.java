package io.github.clip4j.internal.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SegmentationTest {
  /**
   * "a", "a", "a" and "a", "aa" and "aa", "a" are equally probable; SentencePiece says this one.
   */
  @Test
  void theFirstOfEqualsWins() {
    Map<String, Integer> pieces = Map.of("a", 0, "aa", 1);
    Segmentation segmentation = new Segmentation(pieces, new float[] {-1, -2, 0}, 2, null);
    assertEquals(List.of(0, 1), segmentation.best("aaa"));
  }
}
