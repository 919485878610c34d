package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException.Kind;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * {@link GpuIndex} on a GPU that is emulated: the launcher's tests put a library on the class path
 * that runs the kernels' own code on the CPU (native/test/emulated_gpu.cpp).
 */
@Tag("emulated-gpu")
class EmulatedGpuTest {
  private static final int DIMENSION = 40;

  @Test
  void findsWhatTheIndexFindsWhateverIsAskedFor() {
    BitSet allowed = new BitSet();
    for (int row = 0; row < 3_000; row += 7) {
      allowed.set(row);
    }
    int[] each = new Random(3).ints(9, 1, 30).toArray();
    List<SearchRequest> requests =
        List.of(
            SearchRequest.top(10),
            SearchRequest.top(3).withSimilarity(Similarity.DOT),
            SearchRequest.topEach(each),
            SearchRequest.top(2_000),
            SearchRequest.allFrom(0.4),
            SearchRequest.top(20).withMinimumScore(0.45).withFilter(Filter.deny(allowed)),
            SearchRequest.top(5).withFilter(Filter.allow(Ids.of(new long[] {-8, 4, 400, 9_000}))));
    try (Embeddings queries = RandomRows.of(9, DIMENSION, 2);
        EmbeddingIndex index = indexOf(3_000);
        GpuIndex gpu = index.copyToGpu(0)) {
      assertEquals(3_000, gpu.size());
      assertEquals("mma", gpu.kernel());
      assertTrue(gpu.gpuBytes() > 3_000 * DIMENSION, () -> gpu.gpuBytes() + " bytes");
      assertEquals(0, gpu.pinnedBytes());
      for (SearchRequest request : requests) {
        same(index.search(queries, request), gpu.search(queries, request));
      }
      float[] query = queries.row(4);
      for (Searchable either : List.of(index, gpu)) {
        assertEquals(index.schema(), either.schema());
        assertEquals(index.size(), either.size());
        same(index.search(query, 7), either.search(query, 7));
        same(index.search(queries, 7), either.search(queries, 7));
      }
      same(index.search(query, requests.get(4)), gpu.search(query, requests.get(4)));
    }
  }

  @Test
  void keepsWhatItHadWhileTheIndexChangesAndIsClosed() {
    try (Embeddings queries = RandomRows.of(3, DIMENSION, 4)) {
      EmbeddingIndex index = indexOf(1_000);
      Hits before = index.search(queries, 5);
      try (GpuIndex gpu = index.copyToGpu(0)) {
        index.remove(Ids.of(new long[] {before.longId(0, 0), before.longId(1, 0)}));
        same(before, gpu.search(queries, 5));
        index.close();
        same(before, gpu.search(queries, 5));
      }
    }
  }

  @Test
  void hasCodesInPinnedMemoryWhereTheGpuHasNoRoomForThem() {
    try (Embeddings queries = RandomRows.of(4, DIMENSION, 5);
        EmbeddingIndex index = indexOf(3_000);
        GpuIndex gpu = index.copyToGpu(0, 0)) {
      assertTrue(gpu.pinnedBytes() > 0);
      same(index.search(queries, 10), gpu.search(queries, 10));
    }
  }

  @Test
  void searchesForManyThreadsAndClosesUnderThem() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (Embeddings queries = RandomRows.of(5, DIMENSION, 6);
        EmbeddingIndex index = indexOf(1_000)) {
      Hits expected = index.search(queries, 10);
      GpuIndex gpu = index.copyToGpu(0);
      List<Future<Integer>> calls = new ArrayList<>();
      Callable<Integer> untilClosed =
          () -> {
            for (int searches = 0; ; searches++) {
              try {
                same(expected, gpu.search(queries, 10));
              } catch (IllegalStateException closed) {
                return searches;
              }
            }
          };
      for (int i = 0; i < 8; i++) {
        calls.add(threads.submit(untilClosed));
      }
      Thread.sleep(500);
      gpu.close();
      int searches = 0;
      for (Future<Integer> call : calls) {
        searches += call.get();
      }
      assertTrue(searches > 0, "no search before it was closed");
      assertThrows(IllegalStateException.class, gpu::kernel);
      assertEquals(1_000, gpu.size());
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void refusesAQueryThatMakesNoSense() {
    try (EmbeddingIndex index = indexOf(100);
        GpuIndex gpu = index.copyToGpu(0)) {
      assertThrows(IllegalArgumentException.class, () -> gpu.search(new float[DIMENSION - 1], 1));
      assertThrows(IllegalArgumentException.class, () -> gpu.search(new float[DIMENSION], 1));
      assertEquals(
          Kind.UNSUPPORTED,
          assertThrows(Clip4jException.class, () -> index.copyToGpu(1)).kind(),
          "there is one GPU");
    }
  }

  private static void same(Hits expected, Hits found) {
    assertEquals(expected.queries(), found.queries());
    for (int q = 0; q < expected.queries(); q++) {
      assertEquals(expected.of(q), found.of(q));
    }
  }

  /** Of the even ids, with some rows removed and a second segment. */
  private static EmbeddingIndex indexOf(int rows) {
    EmbeddingIndex index = EmbeddingIndex.inMemory(new IndexSchema(DIMENSION, IdKind.LONG));
    int first = rows / 3 + 10;
    add(index, 0, first, 7);
    add(index, first, rows + 10 - first, 8);
    long[] removed = new long[10];
    for (int i = 0; i < removed.length; i++) {
      removed[i] = 2L * 31 * i;
    }
    index.remove(Ids.of(removed));
    return index;
  }

  private static void add(EmbeddingIndex index, int first, int count, int seed) {
    long[] ids = new long[count];
    for (int i = 0; i < count; i++) {
      ids[i] = 2L * (first + i);
    }
    try (Embeddings rows = RandomRows.of(count, DIMENSION, seed)) {
      index.add(rows, Ids.of(ids));
    }
  }
}
