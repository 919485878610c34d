package io.github.clip4j.search;

import static io.github.clip4j.testing.Refusals.failed;
import static io.github.clip4j.testing.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MutableIndexTest {
  private static final IndexSchema LONGS = new IndexSchema(2, IdKind.LONG);
  private static final IndexSchema STRINGS = new IndexSchema(2, IdKind.STRING);

  @Test
  void addsReplacesAndRemovesByLong() {
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(LONGS)) {
      assertEquals(0, index.size());
      assertEquals(List.of(), index.search(new float[] {1, 1}, 3).of(0));
      add(index, Ids.of(7L, -1L, Long.MIN_VALUE), 1, 0, 0, 1, 1, 1);
      assertEquals(3, index.size());
      assertEquals(List.of(Long.MIN_VALUE, 7L, -1L), ids(index, 2, 1));
      upsert(index, Ids.of(7L, 8L), -1, 0, 5, 5);
      assertEquals(4, index.size());
      assertEquals(List.of(Long.MIN_VALUE, 8L, -1L, 7L), ids(index, 1, 1));
      assertEquals(2, index.remove(Ids.of(8L, 99L, -1L, 8L)));
      assertEquals(0, index.remove(Ids.of(8L)));
      assertEquals(0, index.remove(Ids.of(new long[0])));
      assertEquals(List.of(Long.MIN_VALUE, 7L), ids(index, 1, 1));
      assertEquals(2, index.size());
      Hits hits = index.search(new float[] {1, 1}, 1);
      assertEquals(Long.MIN_VALUE, hits.longId(0, 0));
      assertThrows(IllegalStateException.class, () -> hits.stringId(0, 0));
    }
  }

  @Test
  void addsReplacesAndRemovesByString() {
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(STRINGS)) {
      add(index, Ids.of("", "a\0b", "\u4e16\u754c", "\ud83d\ude00"), 1, 0, 0, 1, 1, 1, 2, 1);
      assertEquals(List.of("\ud83d\ude00", "\u4e16\u754c", "", "a\0b"), ids(index, 3, 2));
      upsert(index, Ids.of("", "", "new"), 1, 1, -3, -2, 3, 2); // The last of an id counts.
      assertEquals(List.of("new", "\ud83d\ude00", "\u4e16\u754c", "a\0b", ""), ids(index, 3, 2));
      assertEquals(2, index.remove(Ids.of(List.of("a\0b", "none", "\u4e16\u754c"))));
      assertEquals(List.of("new", "\ud83d\ude00", ""), ids(index, 3, 2));
      Hits hits = index.search(new float[] {3, 2}, 1);
      assertEquals("new", hits.stringId(0, 0));
      assertThrows(IllegalStateException.class, () -> hits.longId(0, 0));
    }
  }

  @Test
  void growsByRowNumber() {
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(new IndexSchema(2, IdKind.ROW_NUMBER));
        Embeddings rows = Embeddings.copyOf(new float[] {1, 0, 0, 1}, 2)) {
      index.add(rows);
      index.add(rows);
      assertEquals(List.of(1L, 3L, 0L, 2L), ids(index, 1, 2));
      failed(Kind.UNSUPPORTED, "only grows", () -> index.remove(Ids.of(1L)));
      refused(
          "the ids are longs, those of the index are row numbers",
          () -> index.add(rows, Ids.of(1L, 2L)));
      assertEquals(4, index.size());
    }
  }

  @Test
  void filtersById() {
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(STRINGS)) {
      add(index, Ids.of("a", "b", "c"), 1, 0, 2, 1, 1, 1);
      index.remove(Ids.of("c"));
      SearchRequest top = SearchRequest.top(9);
      Filter filter = Filter.allow(Ids.of("b", "c", "?"));
      assertEquals(1, index.search(new float[] {1, 0}, top.withFilter(filter)).count(0));
      Hits hits = index.search(new float[] {1, 0}, top.withFilter(Filter.deny(Ids.of("a", "?"))));
      assertEquals(1, hits.count(0));
      assertEquals("b", hits.stringId(0, 0));
      Filter none = Filter.allow(Ids.of(List.of()));
      assertEquals(0, index.search(new float[] {1, 0}, top.withFilter(none)).count(0));
      refused(
          "the filter's ids are longs",
          () -> index.search(new float[2], top.withFilter(Filter.deny(Ids.of(1L)))));
    }
  }

  @Test
  void filtersByRowNumber() {
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(new IndexSchema(2, IdKind.ROW_NUMBER));
        Embeddings rows = Embeddings.copyOf(new float[] {1, 0, 0, 1}, 2)) {
      index.add(rows);
      index.add(rows);
      Ids numbers = Ids.of(3L, 0L, 4L, -1L, Long.MIN_VALUE, Long.MAX_VALUE);
      SearchRequest top = SearchRequest.top(9);
      float[] query = {1, 0.5f};
      Hits allowed = index.search(query, top.withFilter(Filter.allow(numbers)));
      assertEquals(List.of(0, 3), allowed.of(0).stream().map(Hits.Hit::row).toList());
      Hits others = index.search(query, top.withFilter(Filter.deny(numbers)));
      assertEquals(List.of(2, 1), others.of(0).stream().map(Hits.Hit::row).toList());
    }
  }

  @Test
  void changesNothingWhereItRefuses() {
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(STRINGS);
        Embeddings two = Embeddings.copyOf(new float[] {1, 0, 0, 1}, 2);
        Embeddings wide = Embeddings.copyOf(new float[] {1, 0, 0}, 3);
        Embeddings bad = Embeddings.copyOf(new float[] {1, 0, Float.NaN, 1}, 2)) {
      index.add(two, Ids.of("a", "b"));
      refused("\"b\" is in the index already", () -> index.add(two, Ids.of("c", "b")));
      refused("\"c\" comes twice", () -> index.add(two, Ids.of("c", "c")));
      refused("rows have dimension 3, the index has 2", () -> index.add(wide, Ids.of("c")));
      refused("row 1 has a value that is not finite", () -> index.upsert(bad, Ids.of("c", "a")));
      refused("there are 2 rows and 1 ids", () -> index.add(two, Ids.of("c")));
      String longs = "the ids are longs, those of the index are strings";
      refused(longs, () -> index.add(two, Ids.of(1L, 2L)));
      refused("no ids were given: the index wants strings", () -> index.add(two));
      refused(longs, () -> index.remove(Ids.of(1L)));
      refused("longer than 65535 bytes", () -> index.add(two, Ids.of("c", "x".repeat(65536))));
      assertThrows(NullPointerException.class, () -> index.add(two, null));
      assertThrows(NullPointerException.class, () -> index.upsert(two, null));
      assertThrows(NullPointerException.class, () -> index.remove(null));
      assertThrows(NullPointerException.class, () -> index.add(null, Ids.of("c")));
      failed(Kind.UNSUPPORTED, "in memory", index::commit);
      Embeddings closed = two.normalized();
      closed.close();
      assertThrows(IllegalStateException.class, () -> index.add(closed, Ids.of("c", "d")));
      assertEquals(2, index.size());
      assertEquals(List.of("a", "b"), ids(index, 2, 1));
    }
  }

  @Test
  void refusesIdsThatNoFileCouldHold() {
    refused("ids[1] has a lone surrogate", () -> Ids.of("a", "\ud83d"));
    refused("ids[0] has a lone surrogate", () -> Ids.of("\ude00\ud83d"));
    assertThrows(NullPointerException.class, () -> Ids.of("a", null));
    assertThrows(NullPointerException.class, () -> Ids.of((List<String>) null));
    assertEquals("Ids[2 strings]", Ids.of("a", "b").toString());
    assertEquals(IdKind.LONG, Ids.of(1L).kind());
  }

  @Test
  void doesNotChangeWhatIsOverEmbeddings() {
    try (Embeddings rows = Embeddings.copyOf(new float[] {1, 0, 0, 1}, 2);
        EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      failed(Kind.UNSUPPORTED, "does not change", () -> index.add(rows));
      failed(Kind.UNSUPPORTED, "does not change", () -> index.remove(Ids.of(1L)));
      failed(Kind.UNSUPPORTED, "does not change", index::commit);
      index.warm();
      assertEquals(rows.bytes(), index.memory().rows());
    }
  }

  @Test
  void refusesAnotherModelsQueries() {
    try (EmbeddingIndex index =
        EmbeddingIndex.inMemory(new IndexSchema(2, IdKind.ROW_NUMBER, "model-a"))) {
      SearchRequest request = SearchRequest.top(1);
      assertEquals("model-a", index.schema().fingerprint());
      float[] query = {1, 0};
      index.search(query, request);
      index.search(query, request.withFingerprint("model-a"));
      refused("model-b", () -> index.search(query, request.withFingerprint("model-b")));
      refused("model-a", () -> index.searcher(request.withFingerprint("model-b")));
    }
    refused(
        "a lone surrogate",
        () -> EmbeddingIndex.inMemory(new IndexSchema(2, IdKind.LONG, "\ud800")));
    refused(
        "null character", () -> EmbeddingIndex.inMemory(new IndexSchema(2, IdKind.LONG, "a\0b")));
    refused("dimension must be 1 to 536870911, not 0", () -> new IndexSchema(0, IdKind.LONG));
    refused("not 536870912", () -> new IndexSchema(1 << 29, IdKind.LONG));
  }

  @Test
  void countsItsMemory() {
    long before = SearchRuntime.nativeBytes();
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(new IndexSchema(32, IdKind.STRING));
        Embeddings rows = RandomRows.of(1000, 32, 1)) {
      index.add(rows, Ids.of(IntStream.range(0, 1000).mapToObj(i -> "row " + i).toList()));
      MemoryUse full = index.memory();
      assertEquals(1000 * 32 * 4, full.rows());
      assertTrue(full.codes() > 1000 * 32 && full.ids() > 1000 * 4, full.toString());
      assertEquals(0, full.deletions());
      index.remove(Ids.of("row 5"));
      MemoryUse use = index.memory();
      assertTrue(use.deletions() >= 125, use.toString());
      assertEquals(use.codes() + use.rows() + use.ids() + use.deletions(), use.total());
      assertTrue(SearchRuntime.nativeBytes() - before >= full.codes() + full.rows());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = IdKind.class,
      names = {"LONG", "STRING"})
  void doesWhatAMapWouldDo(IdKind kind) {
    Random random = new Random(11);
    Map<Object, float[]> model = new HashMap<>();
    try (EmbeddingIndex index = EmbeddingIndex.inMemory(new IndexSchema(8, kind))) {
      for (int step = 0; step < 200; step++) {
        List<Object> ids = new ArrayList<>();
        IntStream.range(0, random.nextInt(20)).forEach(i -> ids.add(id(kind, random.nextInt(90))));
        if (step % 3 == 2) {
          long expected = ids.stream().distinct().filter(model::containsKey).count();
          assertEquals(expected, index.remove(idsOf(kind, ids)));
          ids.forEach(model::remove);
        } else {
          float[] values = RandomRows.values(ids.size(), 8, step);
          try (Embeddings rows = Embeddings.copyOf(values, 8)) {
            index.upsert(rows, idsOf(kind, ids));
            for (int i = 0; i < ids.size(); i++) {
              model.put(ids.get(i), rows.row(i));
            }
          }
        }
        assertEquals(model.size(), index.size());
        List<Hits.Hit> hits =
            index.search(RandomRows.values(1, 8, -step), SearchRequest.allFrom(-1)).of(0);
        assertEquals(
            model.keySet(), new java.util.HashSet<>(hits.stream().map(Hits.Hit::id).toList()));
        for (Object id : hits.stream().limit(3).map(Hits.Hit::id).toList()) {
          Hits.Hit self = index.search(model.get(id), 1).of(0).get(0);
          assertEquals(id, self.id());
          assertEquals(1, self.score(), 1e-12);
        }
      }
    }
  }

  /** Every state that a search sees is one that a writer left behind. */
  @Test
  void isSearchedWhileItIsWritten() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    EmbeddingIndex index = EmbeddingIndex.inMemory(LONGS);
    AtomicBoolean done = new AtomicBoolean();
    try (Embeddings pair = Embeddings.copyOf(new float[] {1, 0, 0, 1}, 2)) {
      List<Future<?>> tasks = new ArrayList<>();
      CountDownLatch found = new CountDownLatch(1);
      for (int t = 0; t < 4; t++) {
        tasks.add(
            threads.submit(
                () -> {
                  while (!done.get()) {
                    List<Hits.Hit> hits =
                        index.search(new float[] {1, 1}, SearchRequest.allFrom(-1)).of(0);
                    assertEquals(0, hits.size() % 2, "pairs come and go together");
                    if (!hits.isEmpty()) {
                      found.countDown();
                    }
                  }
                }));
      }
      for (long i = 0; i < 300; i++) {
        if (i == 150) {
          assertTrue(found.await(1, TimeUnit.MINUTES), "no search while it was written");
        }
        index.add(pair, Ids.of(2 * i, 2 * i + 1));
        if (i % 3 == 2) {
          assertEquals(2, index.remove(Ids.of(2 * i - 2, 2 * i - 1)));
        }
      }
      done.set(true);
      for (Future<?> task : tasks) {
        task.get();
      }
      assertEquals(400, index.size());
    } finally {
      done.set(true);
      index.close();
      threads.shutdown();
    }
  }

  @Test
  void mayBeClosedWhileInUse() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (Embeddings pair = Embeddings.copyOf(new float[] {1, 0, 0, 1}, 2)) {
      int writes = 0;
      for (int repeat = 0; repeat < 20; repeat++) {
        EmbeddingIndex index = EmbeddingIndex.inMemory(LONGS);
        List<Future<Integer>> tasks = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
          long first = t * 1_000_000_000L;
          tasks.add(threads.submit(() -> writeUntilClosed(index, pair, first)));
        }
        Thread.sleep(3);
        index.close();
        for (Future<Integer> task : tasks) {
          writes += task.get();
        }
        List<Runnable> calls =
            List.of(
                () -> index.add(pair, Ids.of(1L, 2L)),
                () -> index.upsert(pair, Ids.of(1L, 2L)),
                () -> index.remove(Ids.of(1L)),
                () -> index.size(),
                index::commit,
                index::warm,
                index::memory,
                () -> index.searcher(SearchRequest.top(1)),
                () -> index.search(pair, 1));
        for (Runnable call : calls) {
          assertThrows(IllegalStateException.class, call::run);
        }
        assertEquals(2, index.dimension());
        index.close();
      }
      assertTrue(writes > 0, "no write before it was closed");
    } finally {
      threads.shutdown();
    }
  }

  /** How often it did. */
  private static int writeUntilClosed(EmbeddingIndex index, Embeddings pair, long first) {
    int writes = 0;
    try {
      for (long id = first; ; id += 2) {
        index.add(pair, Ids.of(id, id + 1));
        writes++;
        index.search(pair, 3);
        index.remove(Ids.of(id));
      }
    } catch (IllegalStateException closed) {
      assertEquals("EmbeddingIndex is closed", closed.getMessage());
      return writes;
    }
  }

  private static Object id(IdKind kind, int number) {
    return kind == IdKind.LONG ? (Object) (number * 77_777_777_777L) : "\u00fc" + number;
  }

  private static Ids idsOf(IdKind kind, List<Object> ids) {
    return kind == IdKind.LONG
        ? Ids.of(ids.stream().mapToLong(id -> (Long) id).toArray())
        : Ids.of(ids.stream().map(id -> (String) id).toList());
  }

  private static void add(EmbeddingIndex index, Ids ids, float... values) {
    try (Embeddings rows = Embeddings.copyOf(values, 2)) {
      index.add(rows, ids);
    }
  }

  private static void upsert(EmbeddingIndex index, Ids ids, float... values) {
    try (Embeddings rows = Embeddings.copyOf(values, 2)) {
      index.upsert(rows, ids);
    }
  }

  private static List<Object> ids(EmbeddingIndex index, float... query) {
    return index.search(query, 100).of(0).stream().map(Hits.Hit::id).toList();
  }
}
