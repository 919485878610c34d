package io.github.clip4j.search;

import io.github.clip4j.search.internal.NativeHandle;
import io.github.clip4j.search.internal.NativeMemory;

/** Searches of an index or of its copy on a GPU: checks, native calls, copies of what was found. */
final class SearchCalls {
  // Of a query whose range is searched: most have fewer hits, and a GPU finds as many.
  private static final long RANGE = 1024;
  private static final long RANGE_GROWTH = 32;

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
      handle.run(index -> search.search(index, query));
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
      if (request.isRange()) {
        range(search, address, 0, queries.rows(), RANGE, size, hits);
      } else {
        int step = SearchRequest.queriesAtOnce(request.mostHits(), size);
        for (int first = 0, count; first < queries.rows(); first += count) {
          count = Math.min(step, queries.rows() - first);
          search(search, address, first, count, hits);
        }
      }
      return hits;
    } finally {
      memory.release();
    }
  }

  /**
   * How many hits a range has is known afterwards, and all of them for many queries could be more
   * than memory has room for. So each query is asked for its best {@code k}, and where it has as
   * many it is asked for more, with fewer others at once.
   */
  private void range(
      NativeSearch search, long queries, int first, int end, long k, int size, Hits hits) {
    search.limit(k);
    int step = SearchRequest.queriesAtOnce(k, size);
    for (int from = first, count; from < end; from += count) {
      count = Math.min(step, end - from);
      search(search, queries, from, count, hits);
    }
    for (int from = first, to; from < end; from = to + 1) {
      for (to = from; to < end && hits.count(to) == k; ) {
        to++;
      }
      if (from < to) {
        range(search, queries, from, to, k * RANGE_GROWTH, size, hits);
      }
    }
  }

  private void search(NativeSearch search, long queries, int first, int count, Hits hits) {
    long address = queries + (long) first * schema.dimension() * Float.BYTES;
    handle.run(index -> search.search(index, address, first, count));
    hits.fill(first, count, search);
  }

  private void check(int dimension, int queries, SearchRequest request) {
    schema.checkDimension(dimension, "queries have");
    request.checkQueries(queries);
    schema.checkFingerprint(request.fingerprint(), "queries");
  }
}
