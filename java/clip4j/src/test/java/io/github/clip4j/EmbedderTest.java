package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class EmbedderTest extends WithTinyModel {
  private static ImageSource random(int seed, int side) {
    byte[] pixels = new byte[3 * side * side];
    new SplittableRandom(seed).nextBytes(pixels);
    return ImageSource.rgb(pixels, side, side);
  }

  @Test
  void rowsAreTheModels() throws IOException {
    float[] row = new float[model.dimension()];
    byte[] encoded = Files.readAllBytes(TinyModel.file("rgb.png"));
    try (Embedder embedder = model.embedder()) {
      for (ImageSource picture :
          List.of(
              random(1, 8),
              TinyModel.picture(),
              random(2, 500),
              ImageSource.of(encoded),
              random(3, 9))) {
        embedder.embedImage(picture, row);
        assertArrayEquals(model.embedImage(picture), row, 1e-6f);
        assertTrue(embedder.preprocessMs() > 0 && embedder.encodeMs() > 0);
      }
      for (String text : List.of("a cat", "a photo of a dog ".repeat(9), "")) {
        embedder.embedText(model.tokenize(text), row);
        assertArrayEquals(model.embedText(text), row, 1e-6f);
        assertTrue(embedder.preprocessMs() == 0 && embedder.encodeMs() > 0);
      }
    }
  }

  @Test
  void failuresAreThoseOfTheModel() {
    float[] row = new float[model.dimension()];
    try (Embedder embedder = model.embedder()) {
      for (ImageSource bad :
          List.of(
              ImageSource.of(Path.of("/none.png")),
              ImageSource.of("no picture".getBytes()),
              ImageSource.of(new byte[(20 << 20) + 1]))) {
        Clip4jException expected = assertThrows(Clip4jException.class, () -> model.embedImage(bad));
        Clip4jException failure =
            assertThrows(Clip4jException.class, () -> embedder.embedImage(bad, row));
        assertEquals(expected.kind(), failure.kind());
        assertEquals(expected.getMessage(), failure.getMessage());
      }
      assertEquals(0, embedder.preprocessMs(), "the last one was not read");
      refused("the text has 0 tokens, the model takes 1 to 32", embedder, new int[0], row);
      refused("the text has 33 tokens, the model takes 1 to 32", embedder, new int[33], row);
      refused("has token id -1, outside the vocabulary", embedder, new int[] {-1}, row);
      refused("has no end-of-text token", embedder, new int[] {3}, row);
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> embedder.embedImage(TinyModel.picture(), new float[3]))
              .getMessage();
      assertEquals("row has room for 3 values, an embedding has 16", message);
      assertEquals(
          "image",
          assertThrows(NullPointerException.class, () -> embedder.embedImage(null, row))
              .getMessage());
      assertThrows(
          NullPointerException.class, () -> embedder.embedImage(TinyModel.picture(), null));
      assertArrayEquals(new float[row.length], row, "touched");
    }
  }

  private static void refused(String message, Embedder embedder, int[] ids, float[] row) {
    Tokens tokens = new Tokens(ids, false);
    String text =
        assertThrows(IllegalArgumentException.class, () -> embedder.embedText(tokens, row))
            .getMessage();
    assertTrue(text.contains(message), text);
  }

  @Test
  void makesNoGarbage() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long self = Thread.currentThread().getId();
    ImageSource picture = random(1, 8);
    Tokens text = model.tokenize("a photo of a cat");
    try (Embedder embedder = model.embedder()) {
      embed(embedder, picture, text, 5_000);
      long before = threads.getThreadAllocatedBytes(self);
      embed(embedder, picture, text, 2_000);
      long bytes = threads.getThreadAllocatedBytes(self) - before;
      assertTrue(bytes < 2_000, bytes + " bytes in 4,000 calls"); // The bean makes some itself.
    }
  }

  private void embed(Embedder embedder, ImageSource picture, Tokens text, int times) {
    float[] row = new float[model.dimension()];
    for (int i = 0; i < times; i++) {
      embedder.embedImage(picture, row);
      embedder.embedText(text, row);
    }
  }

  @Test
  void saysWhatIsClosed() {
    float[] row = new float[model.dimension()];
    Embedder closed = model.embedder();
    assertThrows(
        Clip4jException.class, () -> closed.embedImage(ImageSource.of(new byte[] {1, 2}), row));
    assertEquals(0, closed.encodeMs(), "there was nothing to encode");
    closed.close();
    closed.close();
    Embedder open = model.embedder();
    model.close();
    for (Embedder embedder : List.of(closed, open)) {
      String expected = (embedder == closed ? "Embedder" : "ClipModel") + " is closed";
      for (Runnable call :
          List.<Runnable>of(
              () -> embedder.embedImage(TinyModel.picture(), row),
              () -> embedder.embedText(new Tokens(new int[] {1}, false), row))) {
        assertEquals(expected, assertThrows(IllegalStateException.class, call::run).getMessage());
      }
    }
    assertEquals(0, open.encodeMs());
    assertThrows(IllegalStateException.class, closed::encodeMs);
    open.close();
    assertThrows(IllegalStateException.class, () -> model.embedder().close());
  }

  /** Whatever threads do to one embedder, rows are right or refused, and the JVM lives. */
  @Test
  void survivesThreadsThatShareIt() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(6);
    float[][] expected = new float[6][];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = model.embedImage(random(i, 8 << i));
    }
    try {
      int rows = 0;
      for (int repeat = 0; repeat < 10; repeat++) {
        Embedder embedder = model.embedder();
        List<Future<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < expected.length; i++) {
          int thread = i;
          tasks.add(threads.submit(() -> abuse(embedder, thread, expected[thread])));
        }
        Thread.sleep(20);
        embedder.close();
        for (Future<Integer> task : tasks) {
          rows += task.get();
        }
      }
      assertTrue(rows > 0, "no row before it was closed");
    } finally {
      threads.shutdown();
    }
  }

  /** How many rows it gave. */
  private static int abuse(Embedder embedder, int thread, float[] expected) {
    int rows = 0;
    ImageSource picture = random(thread, 8 << thread);
    float[] row = new float[expected.length];
    while (true) {
      try {
        Arrays.fill(row, 0);
        embedder.embedImage(picture, row);
        assertArrayEquals(expected, row, 1e-6f);
        rows++;
      } catch (IllegalStateException busyOrClosed) {
        if (busyOrClosed.getMessage().endsWith("is closed")) {
          return rows;
        }
        assertEquals("two threads use this Embedder at once", busyOrClosed.getMessage());
      }
    }
  }
}
