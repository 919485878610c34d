package io.github.clip4j.internal;

import io.github.clip4j.Tokens;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.internal.EmbeddingsAccess;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeMemory;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Batches of texts into native code, rows out: one crossing each. Lists are not empty. */
public final class TextEncoder {
  private TextEncoder() {}

  /** Texts' rows and the time that encoding took. */
  public record TextRows(Embeddings rows, double encodeMs) {}

  /**
   * Encodes texts, of each its parts; the row of one with several is the mean of their unit rows,
   * scaled to length 1.
   */
  public static TextRows encode(LoadedModel model, List<List<Tokens>> texts) {
    TextRows parts = parts(model, texts.stream().flatMap(List::stream).toList());
    return parts.rows().rows() == texts.size() ? parts : pooled(parts, texts);
  }

  /**
   * Encodes tokenized texts, those that are alike once. The memory holds a clip4j_timings, the
   * lengths, the ids.
   */
  private static TextRows parts(LoadedModel model, List<Tokens> texts) {
    Map<Tokens, Integer> distinct = new LinkedHashMap<>();
    int[] encoded = new int[texts.size()]; // by text: which of the distinct ones it is
    for (int i = 0; i < encoded.length; i++) {
      Integer known = distinct.putIfAbsent(texts.get(i), distinct.size());
      encoded[i] = known == null ? distinct.size() - 1 : known;
    }
    int n = distinct.size();
    long ids = ImageBatch.TIMINGS_BYTES + (long) n * Integer.BYTES;
    long idCount = 0;
    for (Tokens text : distinct.keySet()) {
      idCount += text.ids().length;
    }
    try (NativeBlock scratch =
        new NativeBlock("a call's arguments", ids + idCount * Integer.BYTES)) {
      ByteBuffer lengths = scratch.buffer(ImageBatch.TIMINGS_BYTES, n * Integer.BYTES);
      long idsAt = ids;
      for (Tokens text : distinct.keySet()) {
        int bytes = text.ids().length * Integer.BYTES;
        lengths.putInt(text.ids().length);
        scratch.buffer(idsAt, bytes).asIntBuffer().put(text.ids());
        idsAt += bytes;
      }
      long address = scratch.address();
      return Encoders.rows(
          model,
          encoded.length,
          (encoder, to) ->
              Native.embedTexts(
                  encoder, address + ids, address + ImageBatch.TIMINGS_BYTES, n, to, address),
          rows -> {
            repeat(rows, encoded, model.dimension() * Float.BYTES);
            double encodeMs = scratch.buffer(0, ImageBatch.TIMINGS_BYTES).getDouble(Double.BYTES);
            return new TextRows(
                EmbeddingsAccess.adopt(rows, encoded.length, model.dimension()), encodeMs);
          });
    }
  }

  /**
   * Makes row i what row {@code from[i]} is, last to first: since {@code from[i] <= i}, each is
   * read before it is overwritten. Before the first repetition every row is where it belongs.
   */
  private static void repeat(NativeMemory rows, int[] from, int rowBytes) {
    for (int i = from.length - 1; from[i] != i; i--) {
      rows.scratch((long) i * rowBytes, rowBytes)
          .put(rows.scratch((long) from[i] * rowBytes, rowBytes));
    }
  }

  /** Row i is that of the i-th list of texts. Sums are in float64. */
  private static TextRows pooled(TextRows parts, List<List<Tokens>> texts) {
    try (Embeddings rows = parts.rows()) {
      int[] next = {0};
      Embeddings pooled =
          Embeddings.fill(
              texts.size(),
              rows.dimension(),
              (first, block) -> {
                for (int text = first; block.hasRemaining(); text++) {
                  int from = next[0];
                  next[0] += texts.get(text).size();
                  block.put(mean(rows, from, next[0]));
                }
              });
      return new TextRows(pooled, parts.encodeMs());
    }
  }

  /** Of one row, it. */
  private static float[] mean(Embeddings rows, int from, int to) {
    if (to - from == 1) {
      return rows.row(from);
    }
    double[] unit = Vectors.unitMean(rows, from, to);
    float[] mean = new float[unit.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (float) unit[i];
    }
    return mean;
  }
}
