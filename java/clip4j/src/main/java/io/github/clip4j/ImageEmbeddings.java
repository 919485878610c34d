package io.github.clip4j;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Embeddings;
import java.util.List;

/**
 * What became of every picture of a call: an embedding or a failure. Row r of {@link #embeddings}
 * is the picture with index {@code input(r)}; the order is that of the pictures.
 *
 * <p>Closing it closes the embeddings. Safe from any thread.
 */
public final class ImageEmbeddings implements AutoCloseable {
  private final Embeddings embeddings;
  private final int[] inputs;
  private final List<ImageFailure> failures;
  private final Timings timings;

  ImageEmbeddings(
      Embeddings embeddings, int[] inputs, List<ImageFailure> failures, Timings timings) {
    this.embeddings = embeddings;
    this.inputs = inputs;
    this.failures = List.copyOf(failures);
    this.timings = timings;
  }

  /** Unit rows of the pictures that succeeded; zero rows where none did. */
  public Embeddings embeddings() {
    return embeddings;
  }

  /** The index, among the pictures given, of the one that became this row. */
  public int input(int row) {
    return inputs[row];
  }

  /** {@link #input} of every row. */
  public int[] inputs() {
    return inputs.clone();
  }

  /** The pictures that failed, in input order. */
  public List<ImageFailure> failures() {
    return failures;
  }

  /**
   * The embeddings, one for every picture.
   *
   * @throws Clip4jException where a picture failed, with the first one's kind; everything is closed
   *     then
   */
  public Embeddings orThrow() {
    if (failures.isEmpty()) {
      return embeddings;
    }
    close();
    throw ImageFailure.first(failures);
  }

  /** Where the time went. */
  public Timings timings() {
    return timings;
  }

  @Override
  public void close() {
    embeddings.close();
  }
}
