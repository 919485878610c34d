package io.github.clip4j;

import io.github.clip4j.BatchQueue.Item;
import io.github.clip4j.internal.Encoders;
import io.github.clip4j.internal.ImageInput;
import io.github.clip4j.internal.LoadedModel;
import io.github.clip4j.internal.TextEncoder;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.internal.NativeHandle;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjLongConsumer;

/**
 * For services: any number of threads submit single items, which are encoded in batches across
 * requests. An item that finds the encoder idle is encoded at once. One that finds a batch under
 * way waits for company until the batch is full, the one under way has ended, or its {@linkplain
 * BatchingOptions#maxWait longest wait} is over.
 *
 * <p>A future gets a unit row of {@link ClipModel#dimension} floats, which is its caller's. It
 * fails alone and as the model's own method would: a text that is not valid UTF-16 with {@link
 * IllegalArgumentException}, a picture that cannot be read with {@link
 * io.github.clip4j.search.Clip4jException}, a closed model with {@link IllegalStateException}; and
 * where it found no room or no time, as {@link BatchingOptions} says, or was interrupted while it
 * waited for room, or {@link #closeNow} came, with {@link
 * java.util.concurrent.RejectedExecutionException}. An item whose future is done before it begins
 * is not encoded: to withdraw one, {@link CompletableFuture#cancel} it; for a deadline of its own,
 * {@link CompletableFuture#orTimeout}.
 *
 * <p>The submitting thread tokenizes its text, or fetches its picture where that has an address;
 * files are read later. Stages that depend on a future run on the thread that completes it: one of
 * the encoder's, the JVM's timer after a timeout, or the one that cancels. What takes long, or
 * submits again, belongs into their {@code Async} forms: a submission from the encoder's threads is
 * rejected where it would have to wait for room, and one from the timer would hold up all timeouts
 * of the JVM. Such a stage must not call {@link System#exit} where a shutdown hook closes this:
 * each would wait for the other.
 *
 * <p>The model is borrowed and must stay open until this is closed. Safe from any thread. Its
 * threads, four, are daemons; those of an encoder that was dropped without close end after its last
 * item, and the log says so.
 */
public final class BatchingEncoder implements AutoCloseable {
  private final LoadedModel model;
  private final long maxEncodedBytes;
  private final BatchingOptions options;
  private final BatchQueue<List<Tokens>> texts;
  private final BatchQueue<Picture> images;
  private final NativeHandle handle;

  private record Picture(ImageSource source, ImageInput input) {}

  private BatchingEncoder(
      ClipModel model,
      BatchingOptions options,
      BatchQueue<List<Tokens>> texts,
      BatchQueue<Picture> images) {
    this.model = model.loaded();
    this.maxEncodedBytes = model.maxEncodedBytes();
    this.options = options;
    this.texts = texts;
    this.images = images;
    // There is no native object: submissions are the uses, and the last to end closes the queues.
    this.handle =
        new NativeHandle(
            "BatchingEncoder",
            () -> 0,
            nothing -> {
              texts.close();
              images.close();
            });
  }

  /** {@link #of(ClipModel, BatchingOptions)} with {@link BatchingOptions#DEFAULT}. */
  public static BatchingEncoder of(ClipModel model) {
    return of(model, BatchingOptions.DEFAULT);
  }

  /**
   * An encoder that borrows {@code model}.
   *
   * @throws IllegalStateException if the model is closed
   */
  public static BatchingEncoder of(ClipModel model, BatchingOptions options) {
    Objects.requireNonNull(options, "options");
    LoadedModel loaded = model.loaded();
    loaded.checkOpen();
    BatchingEncoder encoder =
        new BatchingEncoder(
            model,
            options,
            new BatchQueue<>("texts", options, batch -> encodeTexts(loaded, batch)),
            new BatchQueue<>("images", options, batch -> encodeImages(loaded, batch)));
    try {
      encoder.texts.start();
      encoder.images.start();
    } catch (Throwable e) {
      encoder.handle.close();
      throw e;
    }
    return encoder;
  }

  /**
   * Submits a text. One that is longer than {@link ClipModel#maxTokens} is cut, without a word in
   * the log, or pooled, as the {@linkplain BatchingOptions#longTexts options} say; {@link
   * ClipModel#tokenize} tells which are too long.
   *
   * @throws IllegalStateException after close
   */
  public CompletableFuture<float[]> embedText(String text) {
    Objects.requireNonNull(text, "text");
    return submit(
        (result, since) -> texts.submit(model.parts(text, options.longTexts()), result, since));
  }

  /**
   * Submits a picture; what it is made of must not change until the future is done.
   *
   * @throws IllegalStateException after close
   */
  public CompletableFuture<float[]> embedImage(ImageSource image) {
    Objects.requireNonNull(image, "image");
    return submit((result, since) -> images.submit(picture(image), result, since));
  }

  private Picture picture(ImageSource image) {
    try {
      return new Picture(image, ImageSources.input(image, maxEncodedBytes));
    } catch (Clip4jException e) {
      throw ImageFailure.exception(image, e);
    }
  }

  private CompletableFuture<float[]> submit(
      ObjLongConsumer<CompletableFuture<float[]>> submission) {
    handle.acquire();
    try {
      CompletableFuture<float[]> result = new CompletableFuture<>();
      long since = System.nanoTime();
      options.timeout().ifPresent(time -> result.orTimeout(time.toNanos(), TimeUnit.NANOSECONDS));
      try {
        submission.accept(result, since);
      } catch (RuntimeException e) {
        result.completeExceptionally(e);
      }
      return result;
    } finally {
      handle.release();
    }
  }

  private static void encodeTexts(LoadedModel model, List<Item<List<Tokens>>> batch) {
    try (Embeddings rows = TextEncoder.encode(model, inputs(batch)).rows()) {
      for (int i = 0; i < batch.size(); i++) {
        batch.get(i).result().complete(rows.row(i));
      }
    }
  }

  private static void encodeImages(LoadedModel model, List<Item<Picture>> batch) {
    List<ImageInput> pictures = inputs(batch).stream().map(Picture::input).toList();
    Encoders.ImageRows encoded = Encoders.images(model, pictures);
    try (Embeddings rows = encoded.rows()) {
      for (int i = 0; i < batch.size(); i++) {
        Item<Picture> item = batch.get(i);
        Encoders.Outcome outcome = encoded.outcomes().get(i);
        if (outcome.kind() == null) {
          item.result().complete(rows.row(outcome.row()));
        } else {
          item.result()
              .completeExceptionally(
                  ImageFailure.exception(item.input().source(), outcome.kind(), outcome.message()));
        }
      }
    }
  }

  private static <T> List<T> inputs(List<Item<T>> batch) {
    return batch.stream().map(Item::input).toList();
  }

  /**
   * Takes no more items, finishes those it has, and returns when its threads have ended. An
   * interrupt makes it {@link #closeNow()} and stops the waiting; a stage that runs on one of these
   * threads does not wait. The second time it only waits.
   */
  @Override
  public void close() {
    handle.close();
    if (BatchQueue.onWorker()) {
      return;
    }
    try {
      texts.join();
      images.join();
    } catch (InterruptedException e) {
      discard();
      Thread.currentThread().interrupt();
    }
  }

  /** As {@link #close}, but cancels the items whose batch has not begun. */
  public void closeNow() {
    handle.close();
    discard();
    close();
  }

  private void discard() {
    try {
      texts.discard();
    } finally {
      images.discard();
    }
  }
}
