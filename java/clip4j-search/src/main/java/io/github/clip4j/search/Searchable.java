package io.github.clip4j.search;

/** What can be searched: an index, or its copy on a GPU, which finds the same. */
public sealed interface Searchable permits EmbeddingIndex, GpuIndex {
  /** What never changes about it. */
  IndexSchema schema();

  /** The number of rows. */
  int size();

  /**
   * The {@code k} rows of the highest cosine with each query; this and the other short forms are
   * {@link #search(Embeddings, SearchRequest)}, whose exceptions they throw.
   */
  default Hits search(Embeddings queries, int k) {
    return search(queries, SearchRequest.top(k));
  }

  /** The {@code k} rows of the highest cosine with {@code query}. */
  default Hits search(float[] query, int k) {
    return search(query, SearchRequest.top(k));
  }

  /**
   * What {@code request} asks for, for one query; as {@link #search(Embeddings, SearchRequest)}.
   */
  Hits search(float[] query, SearchRequest request);

  /**
   * What {@code request} asks for, for each query. Uses all CPUs of the process, or the GPU, where
   * that pays. Where results are large, queries are searched with in parts, and while others write
   * to an index, each part sees what had been written when it began.
   *
   * @param queries of the index's dimension; they need not be of unit length
   * @throws IllegalArgumentException if the dimensions differ, a query is not finite or, for the
   *     cosine, zero, the request has one k per query but not as many, a filter's ids are not of
   *     the index's kind, or the queries are of another model
   * @throws IllegalStateException after it was closed
   * @throws Clip4jException CORRUPT or UNREADABLE where a file that is read for the first time now
   *     is damaged, TOO_LARGE or OUT_OF_MEMORY where the hits are too many or the GPU has no memory
   *     left
   */
  Hits search(Embeddings queries, SearchRequest request);
}
