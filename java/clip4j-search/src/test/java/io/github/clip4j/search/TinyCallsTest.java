package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.testing.ChildJvm;
import org.junit.jupiter.api.Test;

class TinyCallsTest {
  private static final int CALLS = 1_000_000;

  @Test
  void aMillionLeaveMemoryFlat() throws Exception {
    ChildJvm.Result result = new ChildJvm().residentHeap().run(Main.class);
    assertEquals(0, result.exit(), result.err());
    assertEquals("", result.err());
    long growth = Long.parseLong(result.out().trim());
    assertTrue(growth < 16 << 20, "a million calls took " + growth + " bytes");
  }

  /** Prints by how many bytes the process grew. */
  static final class Main {
    public static void main(String[] arguments) throws Exception {
      float[] values = {1, 2, 3, 4};
      try (Embeddings rows = Embeddings.copyOf(values, 2);
          EmbeddingIndex index = EmbeddingIndex.of(rows)) {
        call(index, values, CALLS / 10);
        long before = ChildJvm.residentBytes();
        call(index, values, CALLS);
        System.out.println(ChildJvm.residentBytes() - before);
      }
    }

    private static void call(EmbeddingIndex index, float[] values, int calls) {
      for (int i = 0; i < calls; i += 2) {
        try (Embeddings embeddings = Embeddings.copyOf(values, 2)) {
          if (embeddings.row(1)[1] != 4) {
            throw new AssertionError();
          }
        }
        if (index.search(new float[] {i, 1}, 1).count() != 1) {
          throw new AssertionError();
        }
      }
    }
  }
}
