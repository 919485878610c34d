package io.github.clip4j.internal;

import io.github.clip4j.Timings;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.internal.EmbeddingsAccess;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Batches of pictures into native code, rows out: one crossing each. Lists are not empty. */
public final class Encoders {
  private Encoders() {}

  /**
   * What became of a picture.
   *
   * @param row its row's number; -1 where it failed
   * @param kind of its failure; null where it has a row
   * @param message of its failure; null where it has a row
   */
  public record Outcome(int row, Kind kind, String message) {}

  /** What became of a batch of pictures, and the rows of those that succeeded. */
  public record ImageRows(Embeddings rows, List<Outcome> outcomes, Timings timings) {}

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
            List<Outcome> outcomes = new ArrayList<>(n);
            int row = 0;
            for (int i = 0; i < n; i++) {
              Kind failure = batch.failure(i);
              outcomes.add(
                  failure == null
                      ? new Outcome(row++, null, null)
                      : new Outcome(-1, failure, batch.message(i)));
            }
            return new ImageRows(
                EmbeddingsAccess.adopt(rows, batch.result(), model.dimension()),
                outcomes,
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

  /** A crossing that writes rows. */
  interface Call {
    int apply(long model, long rows);
  }

  /** What {@code result} makes of n rows, which {@code call} fills; where it throws, they go. */
  static <T> T rows(LoadedModel model, int n, Call call, Function<NativeMemory, T> result) {
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
