package io.github.clip4j.search;

import io.github.clip4j.search.internal.NativeHandle;
import io.github.clip4j.search.internal.NativeMemory;

/** Searches of an index or of its copy on a GPU: checks, native calls, copies of what was found. */
final class SearchCalls {
  private final NativeHandle handle;
  private final IndexSchema schema;
  private final NativeSearch.Engine engine;

  SearchCalls(NativeHandle handle, IndexSchema schema, NativeSearch.Engine engine) {
    this.handle = handle;
    this.schema = schema;
    this.engine = engine;
  }

  Hits search(float[] query, SearchRequest request) {
    check(query.length, 1, request);
    try (NativeSearch search = new NativeSearch(engine, request, schema.dimension())) {
      Hits hits = new Hits(schema.ids(), 1);
      long index = handle.acquire();
      try {
        search.search(index, query);
      } finally {
        handle.release();
      }
      hits.fill(0, 1, search);
      return hits;
    }
  }

  /**
   * Searches with as many queries at once as have room for their results.
   *
   * @param size rows of the index
   */
  Hits search(Embeddings queries, SearchRequest request, int size) {
    check(queries.dimension(), queries.rows(), request);
    NativeMemory memory = queries.memory();
    long address = memory.acquire();
    try (NativeSearch search = new NativeSearch(engine, request, 0)) {
      Hits hits = new Hits(schema.ids(), queries.rows());
      int step = request.queriesAtOnce(size);
      for (int first = 0; first < queries.rows(); first += step) {
        int count = Math.min(step, queries.rows() - first);
        long from = address + (long) first * schema.dimension() * Float.BYTES;
        long index = handle.acquire();
        try {
          search.search(index, from, first, count);
        } finally {
          handle.release();
        }
        hits.fill(first, count, search);
      }
      return hits;
    } finally {
      memory.release();
    }
  }

  private void check(int dimension, int queries, SearchRequest request) {
    schema.checkDimension(dimension, "queries have");
    request.checkQueries(queries);
    schema.checkFingerprint(request.fingerprint(), "queries");
  }
}
