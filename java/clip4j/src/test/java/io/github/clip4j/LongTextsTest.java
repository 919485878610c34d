package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Embeddings;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LongTextsTest extends WithTinyModel {
  /** Each word is one token of tiny-clip's, which takes 32 with begin and end. */
  private static String words(int count) {
    return "photo the ".repeat(count / 2) + "cat".repeat(count % 2);
  }

  private TextReport embed(LongTexts longTexts, List<float[]> rows, String... texts) {
    TextReport[] report = new TextReport[1];
    try (Embeddings embeddings =
        model.embedTexts(List.of(texts), longTexts, reported -> report[0] = reported)) {
      for (int i = 0; i < texts.length; i++) {
        rows.add(embeddings.row(i));
      }
    }
    return report[0];
  }

  @Test
  void theMeanOfThePartsUnitRows() {
    List<float[]> pooled = new ArrayList<>();
    TextReport report = embed(LongTexts.POOL, pooled, "cat", words(60), words(30));
    assertEquals(List.of(1), report.pooled());
    assertEquals(List.of(), report.truncated());
    assertArrayEquals(model.embedText("cat"), pooled.get(0));
    assertArrayEquals(model.embedText(words(30)), pooled.get(2));
    // Two parts of 30 words, which are alike: the mean is each.
    assertArrayEquals(model.embedText(words(30)), pooled.get(1), 1e-6f);
  }

  @Test
  void partsThatDiffer() {
    String first = "cat ".repeat(20);
    String second = "photo of ".repeat(10);
    float[] a = model.embedText(first);
    float[] b = model.embedText(second);
    double square = 0;
    for (int i = 0; i < a.length; i++) {
      square += Math.pow((double) a[i] + b[i], 2);
    }
    List<float[]> pooled = new ArrayList<>();
    embed(LongTexts.POOL, pooled, first + second);
    for (int i = 0; i < a.length; i++) {
      assertEquals(((double) a[i] + b[i]) / Math.sqrt(square), pooled.get(0)[i], 1e-6);
    }
  }

  @Test
  void truncatedUnlessAskedOtherwise() {
    List<float[]> cut = new ArrayList<>();
    TextReport report = embed(LongTexts.TRUNCATE, cut, "cat", words(31), words(60));
    assertEquals(List.of(1, 2), report.truncated());
    assertEquals(List.of(), report.pooled());
    assertArrayEquals(cut.get(1), cut.get(2));
    assertTrue(model.tokenize(words(31)).truncated());
  }
}
