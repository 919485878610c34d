package io.github.clip4j.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.internal.EmbeddingsAccess;
import io.github.clip4j.search.internal.NativeMemory;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingsTest {
  private static final float[][] ROWS = {{1, 2, 2}, {0, 3, 4}, {-1, 0, 0}};

  @Test
  void copiesRowsInAndOut() {
    try (Embeddings embeddings = Embeddings.copyOf(ROWS)) {
      assertEquals(3, embeddings.rows());
      assertEquals(3, embeddings.dimension());
      assertEquals(36, embeddings.bytes());
      for (int i = 0; i < 3; i++) {
        assertArrayEquals(ROWS[i], embeddings.row(i));
      }
      float[] to = {9, 9, 9, 9};
      embeddings.copyRow(1, to);
      assertArrayEquals(new float[] {0, 3, 4, 9}, to);
      assertArrayEquals(new float[] {1, 2, 2, 0, 3, 4, -1, 0, 0}, embeddings.toArray());
    }
  }

  @Test
  void takesFlatValues() {
    try (Embeddings embeddings = Embeddings.copyOf(new float[] {1, 2, 3, 4, 5, 6}, 2)) {
      assertEquals(3, embeddings.rows());
      assertArrayEquals(new float[] {5, 6}, embeddings.row(2));
    }
  }

  @Test
  void mayHaveNoRows() {
    try (Embeddings embeddings = Embeddings.copyOf(new float[0], 5)) {
      assertEquals(0, embeddings.rows());
      assertEquals(0, embeddings.toArray().length);
      assertEquals(0, embeddings.view(0, 0).remaining());
      embeddings.normalized().close();
    }
  }

  @Test
  void isFilledBlockByBlock() {
    int rows = 3000;
    int dimension = 333;
    List<Integer> firsts = new ArrayList<>();
    try (Embeddings embeddings =
        Embeddings.fill(
            rows,
            dimension,
            (firstRow, block) -> {
              firsts.add(firstRow);
              assertEquals(0, block.remaining() % dimension);
              for (int i = 0; block.hasRemaining(); i++) {
                block.put(firstRow * dimension + i);
              }
            })) {
      assertTrue(firsts.size() > 1);
      float[] all = embeddings.toArray();
      for (int i = 0; i < all.length; i++) {
        assertEquals(i, all[i]);
      }
    }
  }

  @Test
  void passesOnWhatTheFillerThrows() {
    IOException expected = new IOException("disk");
    IOException thrown =
        assertThrows(
            IOException.class,
            () ->
                Embeddings.fill(
                    2,
                    2,
                    (firstRow, block) -> {
                      throw expected;
                    }));
    assertEquals(expected, thrown);
    assertThrows(
        IllegalStateException.class,
        () -> Embeddings.fill(2, 2, (firstRow, block) -> block.put(1)));
  }

  @Test
  void aFillerCannotMoveItsBlocksLimit() {
    assertThrows(
        IllegalStateException.class,
        () -> Embeddings.fill(2, 2, (firstRow, block) -> block.put(1).limit(1)));
    assertThrows(
        IllegalStateException.class,
        () ->
            Embeddings.fill(
                130_000, // The last block is smaller than its buffer.
                4,
                (firstRow, block) -> block.limit(block.capacity()).position(block.capacity())));
  }

  @Test
  void aBlockKeptByItsFillerCannotChangeTheRows() {
    FloatBuffer[] kept = new FloatBuffer[1];
    try (Embeddings embeddings =
        Embeddings.fill(
            1,
            1,
            (firstRow, block) -> {
              kept[0] = block;
              block.put(5);
            })) {
      kept[0].put(0, 6);
      assertEquals(5, embeddings.row(0)[0]);
    }
  }

  @Test
  void showsViewsThatCannotBeWritten() {
    try (Embeddings embeddings = Embeddings.copyOf(ROWS)) {
      FloatBuffer row = embeddings.view(1);
      assertEquals(3, row.remaining());
      assertEquals(4, row.get(2));
      FloatBuffer rows = embeddings.view(1, 3);
      assertEquals(6, rows.remaining());
      assertEquals(-1, rows.get(3));
      assertTrue(rows.isDirect());
      assertThrows(ReadOnlyBufferException.class, () -> rows.put(0, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> rows.get(6));
    }
  }

  @Test
  void viewsOutliveClose() throws InterruptedException {
    FloatBuffer derived = viewOfClosed();
    for (int i = 0; i < 5; i++) {
      System.gc();
      Thread.sleep(5);
      assertEquals(36, SearchRuntime.nativeBytes());
      assertEquals(-1, derived.get(0));
    }
  }

  private static FloatBuffer viewOfClosed() {
    try (Embeddings embeddings = Embeddings.copyOf(ROWS)) {
      return embeddings.view(0, 3).position(3).slice().position(3).duplicate().slice();
    }
  }

  @Test
  void normalizes() {
    try (Embeddings embeddings = Embeddings.copyOf(ROWS);
        Embeddings unit = embeddings.normalized()) {
      assertArrayEquals(new float[] {1 / 3f, 2 / 3f, 2 / 3f}, unit.row(0));
      assertArrayEquals(new float[] {0, 0.6f, 0.8f}, unit.row(1));
      assertArrayEquals(ROWS[1], embeddings.row(1));
    }
    for (float bad : new float[] {0, Float.NaN, Float.POSITIVE_INFINITY}) {
      try (Embeddings embeddings = Embeddings.copyOf(new float[][] {{1, 0}, {0, bad}})) {
        String message =
            assertThrows(IllegalArgumentException.class, embeddings::normalized).getMessage();
        assertTrue(message.startsWith("row 1 "), message);
      }
    }
  }

  @Test
  void refusesShapesThatAreNone() {
    assertThrows(IllegalArgumentException.class, () -> Embeddings.copyOf(new float[0][]));
    assertThrows(IllegalArgumentException.class, () -> Embeddings.copyOf(new float[][] {{}}));
    assertThrows(
        IllegalArgumentException.class, () -> Embeddings.copyOf(new float[][] {{1, 2}, {1}}));
    assertThrows(NullPointerException.class, () -> Embeddings.copyOf(new float[][] {{1, 2}, null}));
    assertThrows(NullPointerException.class, () -> Embeddings.copyOf(null));
    assertThrows(IllegalArgumentException.class, () -> Embeddings.copyOf(new float[] {1, 2, 3}, 2));
    assertThrows(IllegalArgumentException.class, () -> Embeddings.copyOf(new float[] {1}, 0));
    assertThrows(
        IllegalArgumentException.class, () -> Embeddings.fill(-1, 2, (firstRow, block) -> {}));
    Clip4jException tooLarge =
        assertThrows(
            Clip4jException.class,
            () -> Embeddings.fill(Integer.MAX_VALUE, 1 << 28, (firstRow, block) -> {}));
    assertEquals(Clip4jException.Kind.OUT_OF_MEMORY, tooLarge.kind());
  }

  @Test
  void refusesRowsThatAreNotThere() {
    try (Embeddings embeddings = Embeddings.copyOf(ROWS)) {
      for (int row : new int[] {-1, 3, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
        assertThrows(IndexOutOfBoundsException.class, () -> embeddings.row(row));
        assertThrows(IndexOutOfBoundsException.class, () -> embeddings.view(row));
      }
      assertThrows(IndexOutOfBoundsException.class, () -> embeddings.view(2, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> embeddings.view(0, 4));
      assertThrows(IllegalArgumentException.class, () -> embeddings.copyRow(0, new float[2]));
    }
  }

  @Test
  void refusesUseAfterClose() {
    Embeddings embeddings = Embeddings.copyOf(ROWS);
    embeddings.close();
    embeddings.close();
    assertEquals(0, SearchRuntime.nativeBytes());
    assertEquals(3, embeddings.rows());
    List<Runnable> uses =
        List.of(
            () -> embeddings.row(0),
            () -> embeddings.copyRow(0, new float[3]),
            embeddings::toArray,
            () -> embeddings.view(0),
            embeddings::normalized,
            () -> EmbeddingIndex.of(embeddings));
    for (Runnable use : uses) {
      String message = assertThrows(IllegalStateException.class, use::run).getMessage();
      assertEquals("Embeddings is closed", message);
    }
  }

  @Test
  void adoptsMemoryThatAnotherModuleFilled() {
    NativeMemory memory = NativeMemory.allocate("Embeddings", 40);
    try (Embeddings embeddings = EmbeddingsAccess.adopt(memory, 2, 3)) {
      assertArrayEquals(new float[6], embeddings.toArray());
    }
    assertThrows(IllegalStateException.class, memory::acquire);
  }
}
