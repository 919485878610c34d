package io.github.clip4j;

import io.github.clip4j.internal.LoadedModel;
import io.github.clip4j.internal.TextEncoder;
import io.github.clip4j.search.Embeddings;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** One batch of texts: their tokens, then their rows. */
final class TextEmbedder {
  private static final System.Logger LOGGER = System.getLogger("io.github.clip4j");

  private TextEmbedder() {}

  static Embeddings embed(
      LoadedModel model, List<String> texts, LongTexts longTexts, Consumer<TextReport> report) {
    long start = System.nanoTime();
    List<List<Tokens>> parts = new ArrayList<>(texts.size());
    List<Integer> truncated = new ArrayList<>();
    List<Integer> pooled = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      parts.add(parts(model, texts, i, longTexts));
      if (parts.get(i).size() > 1) {
        pooled.add(i);
      } else if (parts.get(i).get(0).truncated()) {
        truncated.add(i);
      }
    }
    double tokenizeMs = (System.nanoTime() - start) / 1e6;
    TextEncoder.TextRows result = TextEncoder.encode(model, parts);
    try {
      report.accept(new TextReport(new Timings(tokenizeMs, result.encodeMs()), truncated, pooled));
    } catch (Throwable failed) {
      result.rows().close();
      throw failed;
    }
    return result.rows();
  }

  private static List<Tokens> parts(
      LoadedModel model, List<String> texts, int i, LongTexts longTexts) {
    try {
      return model.parts(texts.get(i), longTexts);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("texts[" + i + "]: " + e.getMessage(), e);
    }
  }

  /** For those who asked for no report. */
  static void warn(LoadedModel model, int texts, TextReport report) {
    if (!report.truncated().isEmpty()) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "{0} of {1} texts were cut to {2} tokens, the first at index {3}",
          report.truncated().size(),
          texts,
          model.maxTokens(),
          report.truncated().get(0));
    }
  }
}
