package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An index that several JVMs have open, some of which die. */
class IndexProcessTest {
  private static final IndexSchema SCHEMA = new IndexSchema(4, IdKind.LONG);
  private static final int BATCH = 10;

  @TempDir Path folder;

  @Test
  void writersOfSeveralProcessesTakeTurns() throws Exception {
    Path index = folder.resolve("index");
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      List<Future<ChildJvm.Result>> children = new ArrayList<>();
      try (EmbeddingIndex writer = EmbeddingIndex.create(index, SCHEMA)) {
        for (int i = 0; i < 3; i++) {
          String[] arguments = {index.toString(), "" + i * 1000, refusal(i).toString()};
          children.add(threads.submit(() -> new ChildJvm().run(TakesTurns.class, arguments)));
        }
        // So that each has to wait, however long the JVMs take to start.
        for (int i = 0; i < 3; i++) {
          while (!Files.exists(refusal(i)) && !children.get(i).isDone()) {
            Thread.sleep(5);
          }
        }
        assertEquals(0, writer.size());
      }
      for (int i = 0; i < 3; i++) {
        ChildJvm.Result child = children.get(i).get();
        assertEquals(0, child.exit(), child.err());
        assertTrue(Files.exists(refusal(i)), "it did not have to wait");
      }
    } finally {
      threads.shutdown();
    }
    Set<Long> expected = new HashSet<>();
    for (long first : new long[] {0, 1000, 2000}) {
      LongStream.range(first, first + 20 * BATCH).forEach(expected::add);
    }
    try (EmbeddingIndex opened = EmbeddingIndex.open(index)) {
      assertEquals(expected, ids(opened));
    }
    assertEquals(List.of(), EmbeddingIndex.verify(index));
  }

  /** What a child makes when it is refused. */
  private Path refusal(int child) {
    return folder.resolve("refused-" + child);
  }

  /** Opens for writing, again and again, to commit a batch; makes a file where it is refused. */
  static final class TakesTurns {
    public static void main(String[] arguments) throws IOException, InterruptedException {
      Path folder = Path.of(arguments[0]);
      long first = Long.parseLong(arguments[1]);
      Path refusal = Path.of(arguments[2]);
      for (int batch = 0; batch < 20; ) {
        try (EmbeddingIndex index = EmbeddingIndex.open(folder, OpenOptions.WRITE)) {
          addBatch(index, first + batch * BATCH);
          Thread.sleep(10); // Not yet committed, and still alone.
          index.commit();
          batch++;
        } catch (Clip4jException e) {
          if (e.kind() != Kind.LOCKED) {
            throw e;
          }
          if (!Files.exists(refusal)) {
            Files.createFile(refusal);
          }
          Thread.sleep(5);
        }
      }
    }
  }

  @Test
  void readersSeeCommitsAndAKilledWriterLosesNoneOfThem() throws Exception {
    EmbeddingIndex.create(folder, SCHEMA).close();
    long committed = 0;
    for (int round = 0; round < 4; round++) {
      String[] arguments = {folder.toString(), "" + committed, "" + (50 + 150 * round)};
      ExecutorService thread = Executors.newSingleThreadExecutor();
      try {
        Future<ChildJvm.Result> child =
            thread.submit(() -> new ChildJvm().run(WritesUntilKilled.class, arguments));
        long seen = committed;
        while (!child.isDone()) {
          seen = batches(seen);
        }
        ChildJvm.Result result = child.get();
        assertEquals(128 + 9, result.exit(), result.err());
        List<String> acknowledged = result.out().lines().toList();
        assertTrue(acknowledged.size() > 3, "it was killed before it did anything");
        long last = Long.parseLong(acknowledged.get(acknowledged.size() - 1));
        committed = batches(Math.max(seen, last));
        assertTrue(committed <= last + 1, "one commit at most was under way");
      } finally {
        thread.shutdown();
      }
      assertEquals(List.of(), EmbeddingIndex.verify(folder));
    }
  }

  /** How many batches there are, all of them whole. */
  private long batches(long atLeast) {
    try (EmbeddingIndex index = EmbeddingIndex.open(folder)) {
      long rows = index.size();
      assertEquals(0, rows % BATCH, "half a batch");
      assertTrue(rows / BATCH >= atLeast, rows / BATCH + " batches, after " + atLeast);
      assertEquals(
          LongStream.range(0, rows).boxed().collect(java.util.stream.Collectors.toSet()),
          ids(index));
      return rows / BATCH;
    }
  }

  /** Commits batch after batch and prints how many there are; killed some milliseconds after 4. */
  static final class WritesUntilKilled {
    public static void main(String[] arguments) {
      long first = Long.parseLong(arguments[1]);
      long batches = first;
      try (EmbeddingIndex index = EmbeddingIndex.open(Path.of(arguments[0]), OpenOptions.WRITE)) {
        while (true) {
          if (batches == first + 4) {
            new Thread(() -> killAfter(Long.parseLong(arguments[2]))).start();
          }
          addBatch(index, batches * BATCH);
          index.commit();
          System.out.println(++batches);
        }
      }
    }

    private static void killAfter(long millis) {
      try {
        Thread.sleep(millis);
        new ProcessBuilder("kill", "-9", "" + ProcessHandle.current().pid()).start();
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static void addBatch(EmbeddingIndex index, long firstId) {
    float[] values = new float[BATCH * 4];
    for (int i = 0; i < values.length; i++) {
      values[i] = 1 + (firstId * 4 + i) * 37 % 101;
    }
    try (Embeddings rows = Embeddings.copyOf(values, 4)) {
      index.add(rows, Ids.of(LongStream.range(firstId, firstId + BATCH).toArray()));
    }
  }

  private static Set<Long> ids(EmbeddingIndex index) {
    Hits hits = index.search(new float[] {1, 1, 1, 1}, SearchRequest.allFrom(-1));
    Set<Long> ids = new HashSet<>();
    for (int i = 0; i < hits.count(); i++) {
      ids.add(hits.longId(0, i));
    }
    return ids;
  }
}
