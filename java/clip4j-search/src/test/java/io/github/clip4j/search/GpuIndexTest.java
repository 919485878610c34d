package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException.Kind;
import java.util.Set;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;

class GpuIndexTest {
  private static final int DIMENSION = 40;

  @Test
  void findsWhatTheIndexFindsOrSaysInALineWhyThereIsNoGpu() {
    try (Embeddings rows = RandomRows.of(20_000, DIMENSION, 1);
        Embeddings queries = RandomRows.of(50, DIMENSION, 2);
        EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      Hits expected = index.search(queries, 10);
      try (GpuIndex gpu = index.copyToGpu(0)) {
        assertEquals(20_000, gpu.size());
        assertTrue(gpu.gpuBytes() > 0);
        assertTrue(Set.of("mma", "wgmma").contains(gpu.kernel()), gpu.kernel());
        Hits found = gpu.search(queries, 10);
        for (int q = 0; q < queries.rows(); q++) {
          assertEquals(expected.of(q), found.of(q));
        }
      } catch (Clip4jException none) {
        assertEquals(hasLibrary() ? Kind.UNSUPPORTED : Kind.MISSING, none.kind(), none.toString());
        assertFalse(none.getMessage().contains("\n"), none.getMessage());
        assertTrue(
            none.getMessage().contains("CUDA") || none.getMessage().contains("linux-x86_64-gpu"),
            none.getMessage());
        assertEquals(expected.of(0), index.search(queries, 10).of(0)); // The CPU goes on.
      }
    }
  }

  @Test
  void refusesNegativeMemory() {
    try (Embeddings rows = RandomRows.of(10, DIMENSION, 3);
        EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      assertThrows(IllegalArgumentException.class, () -> index.copyToGpu(0, -1));
    }
  }

  @Test
  void aClosedIndexIsNotCopied() {
    try (Embeddings rows = RandomRows.of(10, DIMENSION, 4)) {
      EmbeddingIndex index = EmbeddingIndex.of(rows);
      index.close();
      assertThrows(IllegalStateException.class, () -> index.copyToGpu(0));
    }
  }

  /** -Pgpu puts it on the class path. */
  private static boolean hasLibrary() {
    String folder = "io/github/clip4j/search/internal/" + Loader.getPlatform() + "-gpu/";
    return ClassLoader.getSystemResource(folder + System.mapLibraryName("clip4j_search_cuda"))
        != null;
  }
}
