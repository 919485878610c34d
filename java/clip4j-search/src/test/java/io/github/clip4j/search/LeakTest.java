package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.testing.ChildJvm;
import org.junit.jupiter.api.Test;

class LeakTest {
  @Test
  void whatIsNeverClosedIsFreedAndReportedWithItsOrigin() throws Exception {
    ChildJvm.Result result = new ChildJvm().run(Main.class);
    assertEquals(0, result.exit(), result.err());
    assertEquals("0", result.out().trim());
    assertTrue(result.err().contains("Embeddings was never closed"), result.err());
    assertTrue(result.err().contains("EmbeddingIndex was never closed"), result.err());
    assertTrue(result.err().contains("Searcher was never closed"), result.err());
    assertTrue(result.err().contains("LeakTest$Main.forget("), result.err());
  }

  /** Prints the native bytes that are left after it forgot to close. */
  static final class Main {
    public static void main(String[] arguments) throws InterruptedException {
      forget();
      for (int i = 0; i < 500 && SearchRuntime.nativeBytes() > 0; i++) {
        System.gc();
        Thread.sleep(10);
      }
      System.out.println(SearchRuntime.nativeBytes());
    }

    private static void forget() {
      EmbeddingIndex index = EmbeddingIndex.of(Embeddings.copyOf(new float[] {1, 2}, 2));
      Searcher searcher = index.searcher(SearchRequest.top(1));
      if (searcher.search(new float[] {1, 1}) != 1) {
        throw new AssertionError();
      }
    }
  }
}
