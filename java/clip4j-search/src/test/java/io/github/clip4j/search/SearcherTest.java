package io.github.clip4j.search;

import static io.github.clip4j.testing.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SearcherTest {
  private static final int DIMENSION = 64;

  @Test
  void findsWhatTheIndexFinds() {
    try (Embeddings rows = RandomRows.of(1000, DIMENSION, 1);
        Embeddings queries = RandomRows.of(50, DIMENSION, 2);
        EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      for (SearchRequest request :
          List.of(SearchRequest.top(10), SearchRequest.allFrom(0.1), SearchRequest.topEach(3))) {
        try (Searcher searcher = index.searcher(request)) {
          for (int q = 0; q < queries.rows(); q++) {
            Hits expected = index.search(queries.row(q), request);
            assertEquals(expected.count(0), searcher.search(queries.row(q)));
            assertEquals(expected.of(0), hits(searcher));
            assertEquals(expected.rescored(), searcher.rescored());
          }
        }
      }
    }
  }

  private static List<Hits.Hit> hits(Searcher searcher) {
    List<Hits.Hit> hits = new ArrayList<>();
    for (int i = 0; i < searcher.count(); i++) {
      hits.add(new Hits.Hit(searcher.row(i), searcher.score(i), searcher.longId(i)));
    }
    return hits;
  }

  @Test
  void makesNoGarbage() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    try (Embeddings rows = RandomRows.of(1000, DIMENSION, 1);
        EmbeddingIndex index = EmbeddingIndex.of(rows);
        Searcher searcher = index.searcher(SearchRequest.top(10))) {
      float[] query = rows.row(7);
      search(searcher, query, 20_000);
      long before = threads.getThreadAllocatedBytes(self);
      search(searcher, query, 10_000);
      long bytes = threads.getThreadAllocatedBytes(self) - before;
      assertTrue(
          bytes < 10_000, bytes + " bytes in 10,000 searches"); // The bean makes some itself.
    }
  }

  private static void search(Searcher searcher, float[] query, int times) {
    for (int i = 0; i < times; i++) {
      if (searcher.search(query) != 10 || searcher.row(0) != 7 || searcher.longId(0) != 7) {
        throw new AssertionError();
      }
    }
  }

  @Test
  void seesWhatIsWritten() {
    try (Embeddings rows = RandomRows.of(2, DIMENSION, 1);
        EmbeddingIndex index = EmbeddingIndex.inMemory(new IndexSchema(DIMENSION, IdKind.STRING));
        Searcher searcher = index.searcher(SearchRequest.top(10))) {
      assertEquals(0, searcher.search(rows.row(0)));
      index.add(rows, Ids.of("caf\u00e9", "\ud83d\ude00"));
      assertEquals(2, searcher.search(rows.row(1)));
      assertEquals("\ud83d\ude00", searcher.stringId(0));
      assertEquals("caf\u00e9", searcher.stringId(1));
      assertThrows(IllegalStateException.class, () -> searcher.longId(0));
      index.remove(Ids.of("\ud83d\ude00"));
      assertEquals(1, searcher.search(rows.row(1)));
      assertEquals("caf\u00e9", searcher.stringId(0));
      assertThrows(IndexOutOfBoundsException.class, () -> searcher.stringId(1));
      assertThrows(IndexOutOfBoundsException.class, () -> searcher.row(-1));
    }
  }

  @Test
  void keepsWhatItFoundWhenClosed() {
    try (Embeddings rows = RandomRows.of(20, DIMENSION, 1)) {
      EmbeddingIndex index = EmbeddingIndex.of(rows);
      Searcher searcher = index.searcher(SearchRequest.top(3));
      Searcher other = index.searcher(SearchRequest.top(3));
      searcher.search(rows.row(4));
      index.close();
      IllegalStateException closed =
          assertThrows(IllegalStateException.class, () -> searcher.search(rows.row(4)));
      assertEquals("EmbeddingIndex is closed", closed.getMessage());
      assertThrows(IllegalStateException.class, () -> index.searcher(SearchRequest.top(1)).close());
      other.close();
      other.close();
      closed = assertThrows(IllegalStateException.class, () -> other.search(rows.row(4)));
      assertEquals("Searcher is closed", closed.getMessage());
      assertEquals(0, searcher.count());
      searcher.close();
    }
  }

  @Test
  void refusesWhatHasNoAnswer() {
    try (Embeddings rows = RandomRows.of(20, DIMENSION, 1);
        EmbeddingIndex index = EmbeddingIndex.of(rows);
        Searcher searcher = index.searcher(SearchRequest.top(Integer.MAX_VALUE))) {
      assertEquals(20, searcher.search(rows.row(3)));
      refused("the query has dimension 3, the index has 64", () -> searcher.search(new float[3]));
      refused("query 0 is zero", () -> searcher.search(new float[DIMENSION]));
      assertEquals(0, searcher.count());
      assertThrows(NullPointerException.class, () -> searcher.search(null));
      assertThrows(IllegalStateException.class, () -> searcher.stringId(0));
    }
  }

  /** Whatever threads do to one searcher, the JVM lives. */
  @Test
  void survivesThreadsThatShareIt() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(6);
    try (Embeddings rows = RandomRows.of(500, DIMENSION, 1);
        EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      int searches = 0;
      for (int repeat = 0; repeat < 10; repeat++) {
        Searcher searcher = index.searcher(SearchRequest.allFrom(0.05));
        List<Future<Integer>> tasks = new ArrayList<>();
        for (int t = 0; t < 6; t++) {
          int thread = t;
          tasks.add(threads.submit(() -> abuse(searcher, rows, thread)));
        }
        Thread.sleep(3);
        searcher.close();
        for (Future<Integer> task : tasks) {
          searches += task.get();
        }
      }
      assertTrue(searches > 0, "no search before it was closed");
    } finally {
      threads.shutdown();
    }
  }

  /** How often it was searched. */
  private static int abuse(Searcher searcher, Embeddings rows, int thread) {
    int searches = 0;
    while (true) {
      try {
        int found = searcher.search(rows.row(thread));
        searches++;
        for (int i = found - 1; i >= 0; i--) {
          searcher.row(i);
          searcher.longId(i);
        }
      } catch (IndexOutOfBoundsException anotherThreadFoundLess) {
        continue;
      } catch (IllegalStateException busyOrClosed) {
        if (busyOrClosed.getMessage().endsWith("is closed")) {
          return searches;
        }
      }
    }
  }
}
