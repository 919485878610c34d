package io.github.clip4j.benchmarks;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.search.Hits;
import io.github.clip4j.search.IdKind;
import io.github.clip4j.search.IndexSchema;
import io.github.clip4j.search.OpenOptions;
import io.github.clip4j.search.SearchRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.PriorityQueue;

/**
 * An index that is larger than memory: codes in memory, float32 rows on disk. Fills a new folder,
 * opens it again, searches, and checks a query against a scan of all rows in float64.
 *
 * <p>Arguments: the folder, rows, their dimension, bytes of memory for float32 rows.
 */
public final class LargeIndex {
  private static final int BATCH = 1 << 19;
  private static final int K = 10;

  private final Path folder;
  private final int rows;
  private final int dimension;
  private final long rowMemory;

  private LargeIndex(Path folder, int rows, int dimension, long rowMemory) {
    this.folder = folder;
    this.rows = rows;
    this.dimension = dimension;
    this.rowMemory = rowMemory;
  }

  public static void main(String[] arguments) throws Exception {
    LargeIndex large =
        new LargeIndex(
            Path.of(arguments[0]),
            Integer.parseInt(arguments[1]),
            Integer.parseInt(arguments[2]),
            Long.parseLong(arguments[3]));
    if (Files.notExists(large.folder)) {
      large.fill();
    }
    large.search();
  }

  private void fill() {
    long start = System.nanoTime();
    IndexSchema schema = new IndexSchema(dimension, IdKind.ROW_NUMBER);
    try (EmbeddingIndex index =
        EmbeddingIndex.create(folder, schema, OpenOptions.WRITE.withRowMemory(rowMemory))) {
      for (int first = 0; first < rows; first += BATCH) {
        try (Embeddings batch = batch(first)) {
          index.add(batch);
        }
        index.commit();
        say("%,d rows committed after %.0f s", index.size(), seconds(start));
      }
    }
  }

  private void search() {
    OpenOptions options = OpenOptions.READ.withRowMemory(rowMemory);
    long start = System.nanoTime();
    try (EmbeddingIndex index = EmbeddingIndex.open(folder, options)) {
      say("%,d x %d opened in %.1f ms", index.size(), dimension, 1e3 * seconds(start));
      start = System.nanoTime();
      index.warm();
      say("codes read in %.1f s; %s", seconds(start), index.memory());
      float[] query = RandomRows.one(3, dimension);
      say("1 query: median %.1f ms", median(() -> index.search(query, K)));
      try (Embeddings queries = RandomRows.of(7, 64, dimension)) {
        say("64 queries: median %.1f ms", median(() -> index.search(queries, K)));
      }
      say("all above 0.2: %,d hits", index.search(query, SearchRequest.allFrom(0.2)).count(0));
      Hits hits = index.search(query, K);
      say("%d rows read for the last query; %s", hits.rescored(), index.memory());
      check(hits, query);
    }
  }

  private double median(Runnable search) {
    double[] times = new double[15];
    for (int i = 0; i < times.length; i++) {
      long start = System.nanoTime();
      search.run();
      times[i] = 1e3 * seconds(start);
    }
    Arrays.sort(times);
    return times[times.length / 2];
  }

  private void check(Hits hits, float[] query) {
    PriorityQueue<Hits.Hit> best =
        new PriorityQueue<>(
            (a, b) ->
                a.score() != b.score()
                    ? Double.compare(a.score(), b.score())
                    : Integer.compare(b.row(), a.row()));
    for (int first = 0; first < rows; first += BATCH) {
      try (Embeddings batch = batch(first)) {
        for (int row = 0; row < batch.rows(); row++) {
          best.add(new Hits.Hit(first + row, cosine(batch.row(row), query)));
          if (best.size() > K) {
            best.remove();
          }
        }
      }
    }
    for (int i = K - 1; i >= 0; i--) {
      Hits.Hit expected = best.remove();
      if (expected.row() != hits.row(0, i)
          || Math.abs(expected.score() - hits.score(0, i)) > 1e-12) {
        throw new IllegalStateException("hit " + i + " is not " + expected);
      }
    }
    say("its %d hits are those of a scan in float64", K);
  }

  private static double cosine(float[] row, float[] query) {
    double dot = 0;
    double rowSquare = 0;
    double querySquare = 0;
    for (int i = 0; i < row.length; i++) {
      dot += (double) row[i] * query[i];
      rowSquare += (double) row[i] * row[i];
      querySquare += (double) query[i] * query[i];
    }
    return dot / Math.sqrt(rowSquare) / Math.sqrt(querySquare);
  }

  private Embeddings batch(int first) {
    return RandomRows.of(1000L + first, Math.min(BATCH, rows - first), dimension);
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static void say(String format, Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
