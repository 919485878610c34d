package io.github.clip4j;

import io.github.clip4j.internal.LoadedModel;
import io.github.clip4j.internal.SingleCall;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.SoleUse;

/**
 * Embeds again and again, one item at a time, without making garbage: native memory for an item and
 * its row is taken once and reused, and grows only where a picture has more bytes than any before.
 * Rows go to arrays of the caller's. What makes garbage all the same is what happens before:
 * reading a text's tokens, fetching a picture, naming a path.
 *
 * <p>For one thread: give each thread its own. (Two at once get an {@link IllegalStateException}.)
 * The model is borrowed.
 */
public final class Embedder implements AutoCloseable {
  private final LoadedModel model;
  private final long maxEncodedBytes;
  private final SingleCall call;
  private final SoleUse use;

  Embedder(LoadedModel model, long maxEncodedBytes) {
    model.checkOpen();
    this.model = model;
    this.maxEncodedBytes = maxEncodedBytes;
    SingleCall made = new SingleCall(model);
    this.call = made;
    try {
      this.use = new SoleUse("Embedder", made::close);
    } catch (Throwable failed) {
      made.close();
      throw failed;
    }
  }

  /**
   * Embeds a picture.
   *
   * @param row where its {@link ClipModel#dimension} values go; untouched where this throws
   * @throws Clip4jException of the kind that its failure has
   * @throws IllegalArgumentException where row has another length
   * @throws IllegalStateException after this or the model was closed
   */
  public void embedImage(ImageSource image, float[] row) {
    checkRoom(row);
    use.begin();
    try {
      call.forgetTimes();
      model.checkOpen();
      Kind failure = call.image(ImageSources.input(image, maxEncodedBytes));
      if (failure != null) {
        throw new Clip4jException(failure, call.message());
      }
      call.copyRow(row);
    } catch (Clip4jException e) {
      throw ImageFailure.exception(image, e);
    } finally {
      use.end();
    }
  }

  /**
   * Embeds a text that {@link ClipModel#tokenize} made tokens of.
   *
   * @param row where its {@link ClipModel#dimension} values go; untouched where this throws
   * @throws IllegalArgumentException where the tokens are not what this model reads, or row has
   *     another length
   * @throws IllegalStateException after this or the model was closed
   */
  public void embedText(Tokens text, float[] row) {
    int length = text.ids().length;
    if (length < 1 || length > model.maxTokens()) {
      throw new IllegalArgumentException(
          "the text has %d tokens, the model takes 1 to %d".formatted(length, model.maxTokens()));
    }
    checkRoom(row);
    use.begin();
    try {
      call.forgetTimes();
      call.text(text.ids());
      call.copyRow(row);
    } finally {
      use.end();
    }
  }

  /**
   * Milliseconds that the last call took to decode and preprocess its picture; 0 for a text, and
   * where it failed before.
   */
  public double preprocessMs() {
    return millis(0);
  }

  /** Milliseconds that the last call took to encode; 0 where it failed before. */
  public double encodeMs() {
    return millis(1);
  }

  private double millis(int which) {
    use.begin();
    try {
      return call.millis(which);
    } finally {
      use.end();
    }
  }

  private void checkRoom(float[] row) {
    if (row.length != model.dimension()) {
      throw new IllegalArgumentException(
          "row has room for %d values, an embedding has %d"
              .formatted(row.length, model.dimension()));
    }
  }

  /** Gives its native memory back once no call is under way. The model stays open. */
  @Override
  public void close() {
    use.close();
  }

  @Override
  public String toString() {
    return "Embedder[" + model.dimension() + "]";
  }
}
