package io.github.clip4j.search;

import static io.github.clip4j.testing.Refusals.refused;
import static io.github.clip4j.testing.Rows.dot;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class EmbeddingIndexTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1",
    "1, 7, 3, 5",
    "10, 3, 2, 10",
    "100, 64, 5, 10",
    "1000, 33, 3, 1000",
    "3000, 128, 70, 10",
    "500, 1024, 2, 499",
    "20000, 8, 4, 30"
  })
  void equalsBruteForceInFloat64(int rows, int dimension, int queries, int k) {
    float[][] corpus = RandomRows.arrays(rows, dimension, rows);
    float[][] asked = RandomRows.arrays(queries, dimension, rows + 1);
    for (int i = 3; i < rows; i += 4) {
      corpus[i] = corpus[i - 3].clone();
    }
    if (rows > 20) {
      corpus[17] = new float[dimension];
    }
    for (Similarity similarity : Similarity.values()) {
      try (Embeddings embeddings = Embeddings.copyOf(corpus);
          EmbeddingIndex index = EmbeddingIndex.of(embeddings);
          Embeddings questions = Embeddings.copyOf(asked)) {
        SearchRequest request = SearchRequest.top(k).withSimilarity(similarity);
        Hits hits = index.search(questions, request);
        assertEquals(queries, hits.queries());
        assertEquals(Math.min(k, rows), hits.count());
        for (int q = 0; q < queries; q++) {
          double[] truth = scores(corpus, asked[q], similarity);
          check(truth, hits, q);
          assertEquals(hits.of(q), index.search(asked[q], request).of(0));
        }
      }
    }
  }

  /** Several native calls, since the results of one are bounded. */
  @Test
  void returnsMoreThanOneNativeCallHolds() {
    int rows = 40_000;
    float[][] corpus = RandomRows.arrays(rows, 2, 5);
    float[][] asked = RandomRows.arrays(150, 2, 6);
    try (Embeddings embeddings = Embeddings.copyOf(corpus);
        EmbeddingIndex index = EmbeddingIndex.of(embeddings);
        Embeddings questions = Embeddings.copyOf(asked)) {
      Hits hits = index.search(questions, rows);
      for (int q : new int[] {0, 68, 69, 70, 149}) {
        check(scores(corpus, asked[q], Similarity.COSINE), hits, q);
      }
    }
  }

  @Test
  void showsHits() {
    try (Embeddings embeddings = Embeddings.copyOf(new float[][] {{1, 0}, {0, 2}, {0, 1}, {0, 0}});
        EmbeddingIndex index = EmbeddingIndex.of(embeddings)) {
      assertEquals(4, index.size());
      assertEquals(2, index.dimension());
      Hits hits = index.search(new float[] {0, 3}, 10);
      assertEquals(4, hits.count());
      assertEquals(
          List.of(new Hits.Hit(1, 1), new Hits.Hit(2, 1), new Hits.Hit(0, 0), new Hits.Hit(3, 0)),
          hits.of(0));
      assertEquals(1, hits.row(0, 0));
      SearchRequest dot = SearchRequest.top(1).withSimilarity(Similarity.DOT);
      assertEquals(6, index.search(new float[] {0, 3}, dot).score(0, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> hits.of(1));
      assertThrows(IndexOutOfBoundsException.class, () -> hits.row(0, 4));
      assertThrows(UnsupportedOperationException.class, () -> hits.of(0).clear());
    }
  }

  @Test
  void answersNoQueriesWithNothing() {
    try (Embeddings embeddings = Embeddings.copyOf(new float[][] {{1, 0}});
        EmbeddingIndex index = EmbeddingIndex.of(embeddings);
        Embeddings none = Embeddings.copyOf(new float[0], 2)) {
      assertEquals(0, index.search(none, 3).queries());
    }
  }

  @Test
  void keepsItsRowsWhenTheyAreClosed() {
    Embeddings embeddings = Embeddings.copyOf(new float[][] {{1, 0}, {0, 1}});
    EmbeddingIndex index = EmbeddingIndex.of(embeddings);
    embeddings.close();
    assertEquals(1, index.search(new float[] {0, 1}, 1).row(0, 0));
    index.close();
    index.close();
    assertEquals(0, SearchRuntime.nativeBytes());
    IllegalStateException closed =
        assertThrows(IllegalStateException.class, () -> index.search(new float[] {0, 1}, 1));
    assertEquals("EmbeddingIndex is closed", closed.getMessage());
  }

  @ParameterizedTest
  @EnumSource(Similarity.class)
  void refusesWhatHasNoAnswer(Similarity similarity) {
    try (Embeddings embeddings = Embeddings.copyOf(RandomRows.arrays(10, 3, 1));
        EmbeddingIndex index = EmbeddingIndex.of(embeddings)) {
      float[] query = {1, 2, 3};
      SearchRequest one = SearchRequest.top(1).withSimilarity(similarity);
      refused("k must be at least 1, not 0", () -> index.search(query, 0));
      refused("k must be at least 1, not -5", () -> index.search(query, -5));
      refused("dimension 2", () -> index.search(new float[2], one));
      refused("dimension 0", () -> index.search(new float[0], one));
      for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
        try (Embeddings queries = Embeddings.copyOf(new float[][] {query, {0, bad, 0}})) {
          refused("query 1 ", () -> index.search(queries, one));
        }
      }
      assertThrows(NullPointerException.class, () -> index.search(query, null));
      assertThrows(NullPointerException.class, () -> index.search((float[]) null, one));
      if (similarity == Similarity.COSINE) {
        refused("query 0 is zero", () -> index.search(new float[3], 1));
      } else {
        assertEquals(0, index.search(new float[3], one).score(0, 0));
      }
    }
  }

  @Test
  void refusesRowsThatAreNotFinite() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[][] rows = RandomRows.arrays(500, 7, 1);
      rows[321][6] = bad;
      try (Embeddings embeddings = Embeddings.copyOf(rows)) {
        refused("row 321 ", () -> EmbeddingIndex.of(embeddings));
      }
    }
    try (Embeddings none = Embeddings.copyOf(new float[0], 2)) {
      refused("empty", () -> EmbeddingIndex.of(none));
    }
  }

  @Test
  void answersManyThreadsAtOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(16);
    try (Embeddings embeddings = Embeddings.copyOf(RandomRows.arrays(5000, 48, 1));
        EmbeddingIndex index = EmbeddingIndex.of(embeddings);
        Embeddings queries = Embeddings.copyOf(RandomRows.arrays(6, 48, 2))) {
      List<Hits.Hit> expected = index.search(queries, 12).of(5);
      List<Future<?>> tasks = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        tasks.add(
            threads.submit(
                () -> {
                  for (int repeat = 0; repeat < 30; repeat++) {
                    assertEquals(expected, index.search(queries, 12).of(5));
                  }
                }));
      }
      for (Future<?> task : tasks) {
        task.get();
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void mayBeClosedWhileInUse() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      int searches = 0;
      for (int repeat = 0; repeat < 20; repeat++) {
        Embeddings embeddings = Embeddings.copyOf(RandomRows.arrays(2000, 32, repeat));
        EmbeddingIndex index = EmbeddingIndex.of(embeddings);
        List<Future<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          float[] query = RandomRows.arrays(1, 32, i)[0];
          tasks.add(
              threads.submit(
                  () -> {
                    List<Hits.Hit> first = null;
                    for (int done = 0; ; done++) {
                      try {
                        List<Hits.Hit> hits = index.search(query, 3).of(0);
                        first = first == null ? hits : first;
                        assertEquals(first, hits);
                        embeddings.row(done % 2000);
                      } catch (IllegalStateException closed) {
                        return done;
                      }
                    }
                  }));
        }
        Thread.sleep(5);
        embeddings.close();
        Thread.sleep(1);
        index.close();
        for (Future<Integer> task : tasks) {
          searches += task.get();
        }
        assertEquals(0, SearchRuntime.nativeBytes());
      }
      assertTrue(searches > 0, "no search before it was closed");
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void namesItsKernel() {
    assertTrue(
        List.of("amx", "avx512vnni", "avx512", "avxvnni", "avx2", "scalar")
            .contains(SearchRuntime.kernel()));
    assertTrue(SearchRuntime.threads() >= 1);
  }

  private static void check(double[] truth, Hits hits, int query) {
    List<Integer> order =
        IntStream.range(0, truth.length)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(row -> -truth[row]).thenComparing(row -> row))
            .toList();
    for (int i = 0; i < hits.count(); i++) {
      int row = hits.row(query, i);
      assertEquals(truth[row], hits.score(query, i), 1e-12);
      // Sums in another order may swap rows that differ by a rounding error, and no others.
      assertTrue(row == order.get(i) || Math.abs(truth[row] - truth[order.get(i)]) < 1e-12);
      if (i > 0 && hits.score(query, i) == hits.score(query, i - 1)) {
        assertTrue(hits.row(query, i - 1) < row);
      }
    }
    assertEquals(hits.count(), hits.of(query).stream().map(Hits.Hit::row).distinct().count());
  }

  private static double[] scores(float[][] rows, float[] query, Similarity similarity) {
    return Arrays.stream(rows)
        .mapToDouble(
            row -> {
              double dot = dot(row, query);
              if (similarity == Similarity.DOT) {
                return dot;
              }
              double norms = Math.sqrt(dot(row, row)) * Math.sqrt(dot(query, query));
              return norms == 0 ? 0 : dot / norms;
            })
        .toArray();
  }
}
