package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.clip4j.search.internal.Native;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeHandle;
import io.github.clip4j.testing.ChildJvm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JNI returns null where the Java heap or stack is full; whoever goes on with it ends the JVM. */
class FullHeapTest {
  @Test
  void aFullHeapEndsCallsAndNotTheJvm(@TempDir Path folder) throws Exception {
    ChildJvm.Result result =
        new ChildJvm()
            .options("-Xmx16m", "-XX:+UseSerialGC")
            .run(Heap.class, folder.resolve("index").toString());
    assertEquals(0, result.exit(), result.err());
    assertEquals("", result.err());
  }

  @Test
  void aHeapThatIsFullOnceItIsMadeLosesNoNativeObject() throws Exception {
    ChildJvm.Result result =
        new ChildJvm().options("-Xmx16m", "-XX:+UseSerialGC").run(JustMade.class);
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

  /**
   * Calls everything while there is no Java memory left, or next to none. What was made by then is
   * freed: nothing is left, and the index in a folder is not locked.
   */
  static final class Heap {
    public static void main(String[] arguments) throws InterruptedException {
      Path folder = Path.of(arguments[0]);
      EmbeddingIndex.create(folder, new IndexSchema(2, IdKind.LONG)).close();
      Embeddings rows = Embeddings.copyOf(new float[] {3, 4}, 2);
      EmbeddingIndex index = EmbeddingIndex.of(rows);
      useEverything(rows, index);
      EmbeddingIndex.open(folder, OpenOptions.WRITE).close();
      List<Object> hoard = new ArrayList<>();
      int failures = 0;
      for (int repeat = 0; repeat < 5; repeat++) {
        fill(hoard);
        boolean failed = true;
        while (failed) {
          try {
            EmbeddingIndex.open(folder, OpenOptions.WRITE).close();
            useEverything(rows, index);
            failed = false;
          } catch (OutOfMemoryError expected) {
            failures++;
            hoard.remove(hoard.size() - 1); // A little more room each time.
          }
        }
      }
      hoard.clear();
      index.close();
      rows.close();
      for (int i = 0; i < 500 && Native.liveBytes() > 0; i++) {
        System.gc(); // The views that it forgot keep the rows.
        Thread.sleep(10);
      }
      if (Native.liveHandles() != 0 || Native.liveBytes() != 0) {
        System.err.println(Native.liveHandles() + " handles, " + Native.liveBytes() + " bytes");
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

  /** Makes native objects and fills the heap before the call that made them returns. */
  static final class JustMade {
    private record Node(Node next) {}

    private static Node nodes;

    public static void main(String[] arguments) {
      long[] freed = new long[1];
      check(0, NativeBlock.number(to -> {}));
      new NativeHandle("a handle", () -> 0, nothing -> {}).close();
      NativeHandle handle = new NativeHandle("a handle", () -> full(7), made -> freed[0] = made);
      nodes = null;
      long number = NativeBlock.number(to -> full(0));
      nodes = null;
      handle.close();
      check(0, number);
      check(7, freed[0]);
    }

    private static long full(long made) {
      for (long before = -1, count = 0; count != before; ) { // Errors take room for a while.
        before = count;
        try {
          for (; ; count++) {
            nodes = new Node(nodes);
          }
        } catch (OutOfMemoryError full) {
          // Once more, until there is no room for one.
        }
      }
      return made;
    }

    private static void check(long expected, long found) {
      if (expected != found) {
        throw new AssertionError(found + " instead of " + expected);
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
