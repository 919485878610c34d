package io.github.clip4j.search;

import static io.github.clip4j.testing.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows that an index has, by id. */
class IndexRowsTest {
  @TempDir Path folder;

  private static BitSet bits(int... set) {
    BitSet bits = new BitSet();
    for (int bit : set) {
      bits.set(bit);
    }
    return bits;
  }

  private static void check(EmbeddingIndex index) {
    assertEquals(bits(0, 2, 3), index.contains(Ids.of("c", "removed", "a", "c")));
    assertEquals(bits(), index.contains(Ids.of(new String[0])));
    try (Embeddings rows = index.rows(Ids.of("c", "a", "c"))) {
      assertArrayEquals(new float[] {7, 8, 1, 2, 7, 8}, rows.toArray());
    }
    try (Embeddings none = index.rows(Ids.of(new String[0]))) {
      assertEquals(0, none.rows());
      assertEquals(2, none.dimension());
    }
    refused("no row for ids[1]", () -> index.rows(Ids.of("a", "removed")));
    refused("the ids are longs, those of the index are strings", () -> index.rows(Ids.of(1L)));
    refused("the ids are longs", () -> index.contains(Ids.of(1L)));
  }

  @Test
  void areThoseOfTheirIdsInMemoryAndOnDisk() {
    IndexSchema schema = new IndexSchema(2, IdKind.STRING);
    Path path = folder.resolve("index");
    try (EmbeddingIndex index = EmbeddingIndex.create(path, schema);
        Embeddings rows = Embeddings.copyOf(new float[] {1, 2, 3, 4, 5, 6}, 2);
        Embeddings later = Embeddings.copyOf(new float[] {7, 8}, 2)) {
      index.add(rows, Ids.of("a", "removed", "c"));
      index.upsert(later, Ids.of("c"));
      index.remove(Ids.of("removed"));
      check(index);
      index.commit();
    }
    try (EmbeddingIndex index = EmbeddingIndex.open(path)) {
      check(index);
    }
    try (EmbeddingIndex index = EmbeddingIndex.open(path, OpenOptions.READ.withRowMemory(0))) {
      check(index);
    }
  }

  @Test
  void areCalledByNumberWhereTheyHaveNoIds() {
    try (Embeddings rows = Embeddings.copyOf(new float[] {1, 2, 3, 4}, 2);
        EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      assertEquals(bits(0, 3), index.contains(Ids.of(1L, 2L, -1L, 0L, Long.MAX_VALUE)));
      try (Embeddings found = index.rows(Ids.of(1L, 0L))) {
        assertArrayEquals(new float[] {3, 4, 1, 2}, found.toArray());
      }
      refused("no row for ids[0]", () -> index.rows(Ids.of(2L)));
      refused("the ids are strings", () -> index.contains(Ids.of("1")));
    }
  }
}
