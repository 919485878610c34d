package io.github.clip4j;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import io.github.clip4j.search.IndexSchema;
import io.github.clip4j.search.SearchRequest;
import io.github.clip4j.search.Searchable;
import java.util.List;

/**
 * Finds, for every query, the best of a set of responses: pictures by text, texts by picture, or
 * either by its own kind. The responses are embedded once, or are the rows of an index; queries may
 * be embeddings or what embeddings are made of.
 *
 * <p>Safe from any thread. The model is borrowed and must stay open. A hit's row is the number of
 * its response, its id what the index calls it. What {@link Searchable#search(Embeddings,
 * SearchRequest)} refuses is refused here too.
 */
public final class SemanticSearch implements AutoCloseable {
  private final ClipModel model;
  private final Searchable index;
  private final EmbeddingIndex own; // null where the index is the caller's

  private SemanticSearch(ClipModel model, Searchable index, EmbeddingIndex own) {
    this.model = model;
    this.index = index;
    this.own = own;
  }

  private SemanticSearch(ClipModel model, EmbeddingIndex own) {
    this(model, own, own);
  }

  /**
   * A search over the rows of an index that there is: one from disk, one with ids, or a copy on a
   * GPU. It is borrowed and must stay open; what is written to it meanwhile is found.
   *
   * @throws IllegalArgumentException if its dimension is not the model's, or its rows are known to
   *     be of another model
   * @throws io.github.clip4j.search.Clip4jException as {@link ClipModel#fingerprint}
   */
  public static SemanticSearch of(ClipModel model, Searchable index) {
    IndexSchema schema = index.schema();
    checkDimension(model, schema.dimension(), "the index's rows");
    // The model's costs reading its weights.
    if (!schema.fingerprint().isEmpty() && !schema.fingerprint().equals(model.fingerprint())) {
      throw new IllegalArgumentException(
          "queries of the model with fingerprint %s cannot be compared with the index's rows, which are of %s"
              .formatted(model.fingerprint(), schema.fingerprint()));
    }
    return new SemanticSearch(model, index, null);
  }

  /**
   * A search over embeddings, for instance of a batch job; they may be closed before this is.
   *
   * @throws IllegalArgumentException if there is no row, or their dimension is not the model's
   */
  public static SemanticSearch of(ClipModel model, Embeddings responses) {
    checkDimension(model, responses.dimension(), "responses");
    return new SemanticSearch(model, EmbeddingIndex.of(responses));
  }

  private static void checkDimension(ClipModel model, int dimension, String what) {
    if (dimension != model.dimension()) {
      throw new IllegalArgumentException(
          "%s have dimension %d, the model makes %d".formatted(what, dimension, model.dimension()));
    }
  }

  /** A search over texts. */
  public static SemanticSearch ofTexts(ClipModel model, List<String> responses) {
    try (Embeddings embeddings = model.embedTexts(responses)) {
      return of(model, embeddings);
    }
  }

  /**
   * A search over pictures. Where some may be unreadable, embed them with {@link
   * ClipModel#embedImages} and use {@link #of(ClipModel, Embeddings)}: hits then are rows of those
   * embeddings, and {@link ImageEmbeddings#input} says which pictures they are.
   *
   * @throws io.github.clip4j.search.Clip4jException where a picture cannot be read
   */
  public static SemanticSearch ofImages(ClipModel model, List<ImageSource> responses) {
    try (Embeddings embeddings = model.embedImages(responses).orThrow()) {
      return of(model, embeddings);
    }
  }

  /** The best responses for each query by cosine; {@code topK} beyond their number gives all. */
  public Hits search(Embeddings queries, int topK) {
    return index.search(queries, topK);
  }

  /** What {@code request} asks for, for each query. */
  public Hits search(Embeddings queries, SearchRequest request) {
    return index.search(queries, request);
  }

  /** The best responses for each text by cosine. */
  public Hits searchTexts(List<String> queries, int topK) {
    try (Embeddings embeddings = model.embedTexts(queries)) {
      return index.search(embeddings, topK);
    }
  }

  /**
   * The best responses for each picture by cosine.
   *
   * @throws io.github.clip4j.search.Clip4jException where a picture cannot be read
   */
  public Hits searchImages(List<ImageSource> queries, int topK) {
    try (Embeddings embeddings = model.embedImages(queries).orThrow()) {
      return index.search(embeddings, topK);
    }
  }

  /** Gives the responses' memory back; the model, and an index that was given, stay open. */
  @Override
  public void close() {
    if (own != null) {
      own.close();
    }
  }
}
