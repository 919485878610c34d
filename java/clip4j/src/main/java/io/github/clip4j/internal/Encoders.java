package io.github.clip4j.internal;

import io.github.clip4j.Timings;
import io.github.clip4j.Tokens;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.internal.EmbeddingsAccess;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeMemory;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Batches into native code, rows out: one crossing each. Lists are not empty. */
public final class Encoders {
  private Encoders() {}

  /**
   * What became of a batch of pictures.
   *
   * @param rows of those that succeeded, in order
   * @param kinds null for a picture that succeeded
   * @param messages null for a picture that succeeded
   */
  public record ImageRows(Embeddings rows, Kind[] kinds, String[] messages, Timings timings) {}

  /** Texts' rows and the time that encoding took. */
  public record TextRows(Embeddings rows, double encodeMs) {}

  /**
   * Encodes texts, of each its parts; the row of one with several is the mean of their unit rows,
   * scaled to length 1.
   */
  public static TextRows texts(LoadedModel model, List<List<Tokens>> texts) {
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
      return rows(
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

  /** Decodes and encodes pictures. */
  public static ImageRows images(LoadedModel model, List<ImageInput> images) {
    int n = images.size();
    try (ImageBatch batch = new ImageBatch(model.preprocessing(), images)) {
      return rows(
          model,
          n,
          (encoder, to) ->
              Native.embedImages(
                  encoder,
                  batch.preprocessing(),
                  batch.images(),
                  n,
                  to,
                  batch.results(),
                  batch.outcomes(),
                  batch.timings()),
          rows -> {
            Kind[] kinds = new Kind[n];
            String[] messages = new String[n];
            for (int i = 0; i < n; i++) {
              kinds[i] = batch.failure(i);
              messages[i] = kinds[i] == null ? null : batch.message(i);
            }
            return new ImageRows(
                EmbeddingsAccess.adopt(rows, batch.result(0), model.dimension()),
                kinds,
                messages,
                new Timings(batch.millis(0), batch.millis(1)));
          });
    }
  }

  /**
   * The picture that would be normalised, {@code imageSize} squared; its height and width are the
   * model's.
   */
  public static byte[] preprocess(LoadedModel model, ImageInput image) {
    int bytes = 3 * model.imageSize() * model.imageSize();
    return model.use(
        address -> {
          try (ImageBatch batch = new ImageBatch(model.preprocessing(), List.of(image));
              NativeBlock pixels = new NativeBlock("a call's arguments", bytes)) {
            Native.check(
                Native.preprocess(
                    batch.preprocessing(),
                    batch.images(),
                    pixels.address(),
                    bytes,
                    batch.results(),
                    batch.results() + Integer.BYTES));
            byte[] rgb = new byte[bytes];
            pixels.buffer(0, bytes).get(rgb);
            return rgb;
          }
        });
  }

  private interface Call {
    int apply(long model, long rows);
  }

  /** What {@code result} makes of n rows, which {@code call} fills; where it throws, they go. */
  private static <T> T rows(LoadedModel model, int n, Call call, Function<NativeMemory, T> result) {
    return model.use(
        address -> {
          NativeMemory rows =
              NativeMemory.allocate("Embeddings", (long) n * model.dimension() * Float.BYTES);
          try {
            long to = rows.acquire();
            try {
              Native.check(call.apply(address, to));
            } finally {
              rows.release();
            }
            model.sayWhatWasHalved(address);
            return result.apply(rows);
          } catch (Throwable e) {
            rows.close();
            throw e;
          }
        });
  }
}
