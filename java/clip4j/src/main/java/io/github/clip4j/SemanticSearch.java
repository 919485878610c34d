package io.github.clip4j;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import io.github.clip4j.search.SearchRequest;
import java.util.List;

/**
 * Finds, for every query, the best of a set of responses: pictures by text, texts by picture, or
 * either by its own kind. The responses are embedded once; queries may be embeddings or what
 * embeddings are made of.
 *
 * <p>Safe from any thread. The model is borrowed and must stay open. A hit's row is the index of
 * its response. What {@link EmbeddingIndex#search(Embeddings, SearchRequest)} refuses is refused
 * here too.
 */
public final class SemanticSearch implements AutoCloseable {
  private final ClipModel model;
  private final EmbeddingIndex index;

  private SemanticSearch(ClipModel model, EmbeddingIndex index) {
    this.model = model;
    this.index = index;
  }

  /**
   * Over embeddings, for instance of a batch job; they may be closed before this is.
   *
   * @throws IllegalArgumentException if there is no row, or their dimension is not the model's
   */
  public static SemanticSearch of(ClipModel model, Embeddings responses) {
    if (responses.dimension() != model.dimension()) {
      throw new IllegalArgumentException(
          "responses have dimension %d, the model makes %d"
              .formatted(responses.dimension(), model.dimension()));
    }
    return new SemanticSearch(model, EmbeddingIndex.of(responses));
  }

  /** Over texts. */
  public static SemanticSearch ofTexts(ClipModel model, List<String> responses) {
    try (Embeddings embeddings = model.embedTexts(responses)) {
      return of(model, embeddings);
    }
  }

  /**
   * Over pictures. Where some may be unreadable, embed them with {@link ClipModel#embedImages} and
   * use {@link #of}: hits then are rows of those embeddings, and {@link ImageEmbeddings#input} says
   * which pictures they are.
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

  /** Gives the responses' memory back; the model stays open. */
  @Override
  public void close() {
    index.close();
  }
}
