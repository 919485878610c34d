package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.testing.ChildJvm;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** JNI returns null where the Java heap or stack is full; whoever goes on with it ends the JVM. */
class FullHeapTest {
  @Test
  void aFullHeapEndsCallsAndNotTheJvm() throws Exception {
    ChildJvm.Result result = new ChildJvm().options("-Xmx16m", "-XX:+UseSerialGC").run(Heap.class);
    assertEquals(0, result.exit(), result.err());
    assertEquals("", result.err());
  }

  @Test
  void aFullStackEndsCallsAndNotTheJvm() throws Exception {
    ChildJvm.Result result = new ChildJvm().run(Stack.class);
    assertEquals(0, result.exit(), result.err());
    assertEquals("", result.err());
  }

  private static void useEverything(Embeddings rows, EmbeddingIndex index) {
    rows.view(0).get(0);
    index.search(rows, 1);
    rows.normalized().close();
    try (EmbeddingIndex written = EmbeddingIndex.inMemory(new IndexSchema(2, IdKind.STRING));
        Searcher searcher = written.searcher(SearchRequest.top(1))) {
      written.add(rows, Ids.of("id"));
      searcher.search(new float[] {1, 1});
      searcher.stringId(0);
      written.search(rows, SearchRequest.top(1).withFilter(Filter.deny(Ids.of("id"))));
      written.memory();
    }
    try {
      index.search(new float[2], 1);
    } catch (IllegalArgumentException e) {
      return; // A text out of native code.
    }
    throw new AssertionError("a zero query was accepted");
  }

  /** Calls everything while there is no Java memory left, or next to none. */
  static final class Heap {
    public static void main(String[] arguments) {
      Embeddings rows = Embeddings.copyOf(new float[] {3, 4}, 2);
      EmbeddingIndex index = EmbeddingIndex.of(rows);
      useEverything(rows, index);
      List<Object> hoard = new ArrayList<>();
      int failures = 0;
      for (int repeat = 0; repeat < 5; repeat++) {
        fill(hoard);
        boolean failed = true;
        while (failed) {
          try {
            useEverything(rows, index);
            failed = false;
          } catch (OutOfMemoryError expected) {
            failures++;
            hoard.remove(hoard.size() - 1); // A little more room each time.
          }
        }
      }
      System.exit(failures > 0 ? 0 : 1);
    }

    private static void fill(List<Object> hoard) {
      for (int size = 1 << 20; size >= 16; size /= 4) {
        try {
          while (true) {
            hoard.add(new byte[size]);
          }
        } catch (OutOfMemoryError full) {
          // On with smaller ones.
        }
      }
    }
  }

  /** Calls everything from ever shallower stacks that begin where the stack overflows. */
  static final class Stack {
    private static int left;
    private static int failures;

    public static void main(String[] arguments) {
      Embeddings rows = Embeddings.copyOf(new float[] {3, 4}, 2);
      EmbeddingIndex index = EmbeddingIndex.of(rows);
      for (int repeat = 0; repeat < 20; repeat++) {
        left = 300;
        dive(() -> useEverything(rows, index));
      }
      useEverything(rows, index);
      System.exit(failures > 0 ? 0 : 1);
    }

    private static void dive(Runnable call) {
      try {
        dive(call);
      } catch (StackOverflowError overflow) {
        // Back up, frame by frame.
      }
      if (left-- > 0) {
        try {
          call.run();
        } catch (StackOverflowError expected) {
          failures++;
        }
      }
    }
  }
}
