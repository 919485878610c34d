package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The ids of all rows, in their order. */
class IndexIdsTest {
  @TempDir Path folder;

  private static List<Object> list(Ids ids) {
    return IntStream.range(0, ids.size())
        .mapToObj(i -> ids.kind() == IdKind.LONG ? (Object) ids.longId(i) : ids.stringId(i))
        .toList();
  }

  /** Each in front of a string of two bytes a character, so that lengths differ. */
  private static Object id(IdKind kind, int i) {
    return kind == IdKind.STRING ? i + "\u00fc".repeat(i % 3) : (Object) (long) (1_000 - i);
  }

  private static Ids ids(IdKind kind, int from, int to) {
    return kind == IdKind.STRING
        ? Ids.of(IntStream.range(from, to).mapToObj(i -> (String) id(kind, i)).toList())
        : Ids.of(IntStream.range(from, to).mapToLong(i -> (long) id(kind, i)).toArray());
  }

  @ParameterizedTest
  @EnumSource(
      value = IdKind.class,
      names = {"LONG", "STRING"})
  void areThoseThatAreThereInMemoryAndOnDisk(IdKind kind) {
    IndexSchema schema = new IndexSchema(2, kind);
    Path path = folder.resolve("index");
    List<Object> expected = new ArrayList<>();
    try (EmbeddingIndex memory = EmbeddingIndex.inMemory(schema);
        EmbeddingIndex disk = EmbeddingIndex.create(path, schema);
        Embeddings rows = RandomRows.of(100, 2, 1)) {
      for (EmbeddingIndex index : List.of(memory, disk)) {
        assertEquals(0, index.ids().size());
        assertEquals(kind, index.ids().kind());
        index.add(rows, ids(kind, 0, 100));
        index.add(rows, ids(kind, 100, 200));
        index.remove(ids(kind, 40, 60));
        index.upsert(rows, ids(kind, 20, 120)); // The rows of these are the last now.
        index.remove(ids(kind, 110, 112));
      }
      IntStream.range(0, 200)
          .filter(i -> i < 20 || i >= 120)
          .forEach(i -> expected.add(id(kind, i)));
      IntStream.range(20, 120)
          .filter(i -> i < 110 || i >= 112)
          .forEach(i -> expected.add(id(kind, i)));
      assertEquals(expected, list(memory.ids()));
      assertEquals(expected, list(disk.ids()));
      Ids all = memory.ids();
      assertEquals(198, memory.contains(all).cardinality());
      disk.commit();
    }
    try (EmbeddingIndex index = EmbeddingIndex.open(path)) {
      assertEquals(expected, list(index.ids()));
    }
    try (EmbeddingIndex index = EmbeddingIndex.open(path, OpenOptions.WRITE)) {
      index.remove(index.ids());
      assertEquals(List.of(), list(index.ids()));
    }
  }

  @Test
  void areNumbersWhereRowsAreCalledByThem() {
    try (Embeddings rows = RandomRows.of(3, 2, 1);
        EmbeddingIndex over = EmbeddingIndex.of(rows);
        EmbeddingIndex index = EmbeddingIndex.inMemory(new IndexSchema(2, IdKind.ROW_NUMBER))) {
      assertEquals(List.of(0L, 1L, 2L), list(over.ids()));
      index.add(rows);
      index.add(rows);
      assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L), list(index.ids()));
      try (Embeddings copy = index.rows(index.ids())) {
        assertEquals(6, copy.rows());
      }
    }
  }

  @Test
  void areThoseOfAnIndexThatIsOpen() {
    EmbeddingIndex index = EmbeddingIndex.inMemory(new IndexSchema(2, IdKind.LONG));
    Ids none = index.ids();
    index.close();
    assertThrows(IllegalStateException.class, index::ids);
    assertEquals(0, none.size());
  }
}
