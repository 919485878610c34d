package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.clip4j.search.EmbeddingIndex;
import io.github.clip4j.search.Embeddings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class LifetimeTest {
  private static final int THREADS = 8;

  @Test
  void useAfterClose() {
    ClipModel model = TinyModel.load();
    model.close();
    model.close();
    assertThrows(IllegalStateException.class, () -> model.embedTexts("a"));
    assertThrows(IllegalStateException.class, () -> model.embedImages(TinyModel.picture()));
    assertThrows(
        IllegalStateException.class, () -> model.embedImages(ImageSource.of(Path.of("/none"))));
    assertThrows(IllegalStateException.class, () -> model.tokenize("a"));
    assertThrows(IllegalStateException.class, () -> model.preprocess(TinyModel.picture()));
    assertEquals(16, model.dimension());
  }

  @Test
  void rowsOutliveTheModelAndTheIndexOutlivesTheRows() {
    Embeddings rows;
    try (ClipModel model = TinyModel.load()) {
      rows = model.embedTexts("a cat", "a photo");
    }
    float[] cat = rows.row(0);
    try (EmbeddingIndex index = EmbeddingIndex.of(rows)) {
      rows.close();
      assertEquals(0, index.search(cat, 1).row(0, 0));
    }
  }

  /** Runs the same thing on every thread at once and returns what each returned. */
  private static <T> List<T> onAllThreads(Callable<T> task) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    try {
      CountDownLatch start = new CountDownLatch(THREADS);
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        futures.add(
            pool.submit(
                () -> {
                  start.countDown();
                  start.await();
                  return task.call();
                }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void manyThreadsGetTheSameRows() throws Exception {
    try (ClipModel model = TinyModel.load()) {
      float[] text = model.embedText("a photo of a cat");
      float[] image = model.embedImage(TinyModel.picture());
      onAllThreads(
          () -> {
            for (int i = 0; i < 50; i++) {
              assertArrayEquals(text, model.embedText("a photo of a cat"), 1e-6f);
              assertArrayEquals(image, model.embedImage(TinyModel.picture()), 1e-6f);
            }
            return null;
          });
    }
  }

  @Test
  void closeDuringUse() throws Exception {
    for (int round = 0; round < 10; round++) {
      ClipModel model = TinyModel.load();
      CountDownLatch warm = new CountDownLatch(THREADS);
      Thread closer =
          new Thread(
              () -> {
                try {
                  warm.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                model.close();
              });
      closer.start();
      List<Integer> calls =
          onAllThreads(
              () -> {
                int done = 0;
                try {
                  while (true) {
                    model.embedTexts("a photo of a cat", "the").close();
                    model.embedImages(TinyModel.picture()).close();
                    if (done++ == 0) {
                      warm.countDown();
                    }
                  }
                } catch (IllegalStateException closed) {
                  return done;
                } finally {
                  if (done == 0) { // It failed: the others must not wait for it, and end.
                    warm.countDown();
                  }
                }
              });
      closer.join();
      assertFalse(calls.contains(0));
    }
  }

  @Test
  void manyModelsComeAndGo() throws Exception {
    onAllThreads(
        () -> {
          for (int i = 0; i < 10; i++) {
            try (ClipModel model = TinyModel.load()) {
              model.embedText("the cat");
            }
          }
          return null;
        });
  }
}
