package io.github.clip4j.search.internal;

import io.github.clip4j.search.Embeddings;
import java.lang.invoke.MethodHandles;

/** What clip4j's other modules may do with {@link Embeddings} beyond its public methods. */
public abstract class EmbeddingsAccess {
  private static volatile EmbeddingsAccess instance;

  /** For Embeddings' static initialiser alone. */
  protected EmbeddingsAccess() {
    instance = this;
  }

  /**
   * Embeddings over the first {@code rows} x {@code dimension} floats of {@code memory}, which from
   * now on belongs to them.
   */
  public static Embeddings adopt(NativeMemory memory, int rows, int dimension) {
    if (instance == null) {
      initialize();
    }
    return instance.create(memory, rows, dimension);
  }

  /** Makes the embeddings; see {@link #adopt}. */
  protected abstract Embeddings create(NativeMemory memory, int rows, int dimension);

  private static void initialize() {
    try {
      MethodHandles.lookup().ensureInitialized(Embeddings.class);
    } catch (IllegalAccessException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
