package io.github.clip4j;

import static io.github.clip4j.Futures.failure;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Embeddings;
import io.github.clip4j.testing.ChildJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class BatchingEncoderTest extends WithTinyModel {
  private static final int THREADS = 64;
  private static final int ITEMS = 40; // a thread
  private static final int BAD = 20; // one item in so many
  private static final ImageSource MISSING = ImageSource.of(Path.of("/none.png"));
  private static final String HALF = "a\ud83d";

  private static List<String> texts() {
    List<String> texts = new ArrayList<>();
    for (String of : List.of("cat", "dog", "photo", "car")) {
      for (int i = 1; i <= 5; i++) {
        texts.add("a " + of + " the cat".repeat(i));
      }
    }
    return texts;
  }

  private static List<ImageSource> pictures() {
    List<ImageSource> pictures = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      byte[] pixels = new byte[3 * 8 * 8];
      new SplittableRandom(i).nextBytes(pixels);
      pictures.add(ImageSource.rgb(pixels, 8, 8));
    }
    return pictures;
  }

  /** A swap of any two must show. */
  private static void assertAllDiffer(List<float[]> rows) {
    for (int i = 0; i < rows.size(); i++) {
      for (int j = 0; j < i; j++) {
        float difference = 0;
        for (int d = 0; d < rows.get(i).length; d++) {
          difference = Math.max(difference, Math.abs(rows.get(i)[d] - rows.get(j)[d]));
        }
        assertTrue(difference > 1e-4f, "rows " + i + " and " + j);
      }
    }
  }

  /** Both of the threads for texts stay in dependent stages until the latch opens. */
  private static CountDownLatch hold(BatchingEncoder encoder) throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    for (int held = 0; held < 2; ) {
      CompletableFuture<Boolean> holds = new CompletableFuture<>();
      encoder
          .embedText("a cat")
          .thenRun(
              () -> {
                holds.complete(BatchQueue.onWorker()); // else the row was there already
                if (BatchQueue.onWorker()) {
                  await(release);
                }
              });
      if (holds.get(60, TimeUnit.SECONDS)) {
        held++;
      }
    }
    return release;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Keeps several items of one thread under way and checks each against what is expected. */
  private static void submitMany(
      BatchingEncoder encoder,
      long seed,
      List<String> texts,
      List<float[]> textRows,
      List<ImageSource> pictures,
      List<float[]> pictureRows)
      throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < ITEMS; i += 4) {
      List<CompletableFuture<float[]>> results = new ArrayList<>();
      List<float[]> expected = new ArrayList<>();
      for (int k = 0; k < 4; k++) {
        boolean text = random.nextBoolean();
        boolean bad = random.nextInt(BAD) == 0;
        int which = random.nextInt(texts.size());
        if (text) {
          results.add(encoder.embedText(bad ? HALF : texts.get(which)));
        } else {
          results.add(encoder.embedImage(bad ? MISSING : pictures.get(which)));
        }
        expected.add(bad ? null : text ? textRows.get(which) : pictureRows.get(which));
      }
      for (int k = 0; k < 4; k++) {
        if (expected.get(k) != null) {
          assertArrayEquals(expected.get(k), results.get(k).get(60, TimeUnit.SECONDS), 1e-6f);
        } else if (failure(results.get(k)) instanceof Clip4jException unreadable) {
          assertEquals(Clip4jException.Kind.MISSING, unreadable.kind());
        } else {
          assertInstanceOf(IllegalArgumentException.class, failure(results.get(k)));
        }
      }
    }
  }

  @Test
  void noResultIsLostOrSwapped() throws Exception {
    List<String> texts = texts();
    List<ImageSource> pictures = pictures();
    List<float[]> textRows = texts.stream().map(model::embedText).toList();
    List<float[]> pictureRows = pictures.stream().map(model::embedImage).toList();
    assertAllDiffer(textRows);
    assertAllDiffer(pictureRows);
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    try (BatchingEncoder encoder =
        BatchingEncoder.of(model, BatchingOptions.DEFAULT.withQueueCapacity(16))) {
      List<Future<?>> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        long seed = i;
        threads.add(
            pool.submit(
                () -> {
                  submitMany(encoder, seed, texts, textRows, pictures, pictureRows);
                  return null;
                }));
      }
      for (Future<?> thread : threads) {
        thread.get();
      }
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void failuresAreThoseOfTheModel() throws Exception {
    byte[] garbage = "no picture".getBytes();
    try (BatchingEncoder encoder = BatchingEncoder.of(model)) {
      for (ImageSource bad :
          List.of(MISSING, ImageSource.of(garbage), ImageSource.of(new byte[(20 << 20) + 1]))) {
        Clip4jException expected = assertThrows(Clip4jException.class, () -> model.embedImage(bad));
        Clip4jException failure =
            assertInstanceOf(Clip4jException.class, failure(encoder.embedImage(bad)));
        assertEquals(expected.kind(), failure.kind());
        assertEquals(expected.getMessage(), failure.getMessage());
      }
      Throwable failure = failure(encoder.embedText(HALF));
      assertInstanceOf(IllegalArgumentException.class, failure);
      assertTrue(failure.getMessage().contains("not valid UTF-16"), failure.getMessage());
      assertThrows(NullPointerException.class, () -> encoder.embedText(null));
      assertThrows(NullPointerException.class, () -> encoder.embedImage(null));
    }
  }

  @Test
  void anItemMayRunOutOfTime() throws Exception {
    BatchingOptions hasty = BatchingOptions.DEFAULT.withTimeout(Duration.ofSeconds(1));
    try (BatchingEncoder encoder = BatchingEncoder.of(model, hasty)) {
      CountDownLatch release = hold(encoder);
      CompletableFuture<float[]> late = encoder.embedText("a cat");
      assertInstanceOf(TimeoutException.class, failure(late));
      release.countDown();
    }
  }

  /** Tiny-clip takes 32 tokens; the three texts are encoded as one batch. */
  @Test
  void longTextsArePooledWhereAsked() throws Exception {
    String longText = "a dog ".repeat(20) + "the cat ".repeat(40);
    List<String> texts = List.of("a cat", longText, "a photo of a cat");
    BatchingOptions pool = BatchingOptions.DEFAULT.withLongTexts(LongTexts.POOL);
    float[] pooled;
    try (BatchingEncoder encoder = BatchingEncoder.of(model, pool);
        Embeddings expected = model.embedTexts(texts, LongTexts.POOL, report -> {})) {
      pooled = expected.row(1);
      CountDownLatch release = hold(encoder);
      List<CompletableFuture<float[]>> results = texts.stream().map(encoder::embedText).toList();
      release.countDown();
      for (int i = 0; i < texts.size(); i++) {
        assertArrayEquals(expected.row(i), results.get(i).get(60, TimeUnit.SECONDS), 1e-6f);
      }
    }
    try (BatchingEncoder cuts = BatchingEncoder.of(model)) {
      float[] cut = cuts.embedText(longText).get(60, TimeUnit.SECONDS);
      assertArrayEquals(model.embedText(longText), cut, 1e-6f);
      assertAllDiffer(List.of(pooled, cut));
    }
  }

  @Test
  void closeWhileBusyFinishesWhatWasAccepted() throws Exception {
    float[] expected = model.embedText("a cat");
    BatchingEncoder encoder = BatchingEncoder.of(model);
    CountDownLatch warm = new CountDownLatch(8);
    ExecutorService pool = Executors.newFixedThreadPool(8);
    List<Future<List<CompletableFuture<float[]>>>> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      threads.add(
          pool.submit(
              () -> {
                List<CompletableFuture<float[]>> accepted = new ArrayList<>();
                try {
                  while (true) {
                    accepted.add(encoder.embedText("a cat"));
                    warm.countDown();
                  }
                } catch (IllegalStateException closed) {
                  assertEquals("BatchingEncoder is closed", closed.getMessage());
                  return accepted;
                }
              }));
    }
    warm.await();
    encoder.close();
    int accepted = 0;
    for (Future<List<CompletableFuture<float[]>>> thread : threads) {
      for (CompletableFuture<float[]> result : thread.get()) {
        assertTrue(result.isDone());
        assertArrayEquals(expected, result.get(), 1e-6f);
        accepted++;
      }
    }
    assertTrue(accepted >= 8);
    pool.shutdown();
    encoder.close();
  }

  @Test
  void closeNowCancelsWhatHasNotBegun() throws Exception {
    BatchingEncoder encoder = BatchingEncoder.of(model);
    CountDownLatch release = hold(encoder);
    CompletableFuture<float[]> waiting = encoder.embedText("a cat");
    waiting.whenComplete((row, failure) -> release.countDown());
    encoder.closeNow();
    assertTrue(waiting.isCancelled());
  }

  @Test
  void anInterruptedCloseCancelsToo() throws Exception {
    BatchingEncoder encoder = BatchingEncoder.of(model);
    CountDownLatch release = hold(encoder);
    CompletableFuture<float[]> waiting = encoder.embedText("a cat");
    Thread.currentThread().interrupt();
    encoder.close();
    assertTrue(Thread.interrupted());
    assertTrue(waiting.isCancelled());
    release.countDown();
    encoder.close();
  }

  @Test
  void aDependentStageMayClose() throws Exception {
    BatchingEncoder encoder = BatchingEncoder.of(model);
    encoder.embedText("a cat").thenRun(encoder::close).get(60, TimeUnit.SECONDS);
    encoder.close();
    assertThrows(IllegalStateException.class, () -> encoder.embedText("a cat"));
  }

  @Test
  void aClosedModelFailsTheItems() throws Exception {
    try (BatchingEncoder encoder = BatchingEncoder.of(model)) {
      CountDownLatch release = hold(encoder);
      CompletableFuture<float[]> before = encoder.embedText("a cat");
      model.close();
      release.countDown();
      for (CompletableFuture<float[]> result :
          List.of(before, encoder.embedText("a"), encoder.embedImage(TinyModel.picture()))) {
        Throwable failure = failure(result);
        assertInstanceOf(IllegalStateException.class, failure);
        assertEquals("ClipModel is closed", failure.getMessage());
      }
    }
    assertThrows(IllegalStateException.class, () -> BatchingEncoder.of(model));
  }

  @Test
  void wrongOptionsAreNamed() {
    BatchingOptions options = BatchingOptions.DEFAULT;
    List<Function<Integer, BatchingOptions>> wrong =
        List.of(
            options::withMaxBatch,
            options::withQueueCapacity,
            n -> options.withMaxWait(Duration.ofMillis(n - 1)),
            n -> options.withMaxWait(Duration.ofDays(367 + n)),
            n -> options.withTimeout(Duration.ofMillis(n)),
            n -> options.withTimeout(Duration.ofDays(367 + n)));
    List<String> names =
        List.of("maxBatch", "queueCapacity", "maxWait", "maxWait", "timeout", "timeout");
    for (int i = 0; i < wrong.size(); i++) {
      Function<Integer, BatchingOptions> one = wrong.get(i);
      String message =
          assertThrows(IllegalArgumentException.class, () -> one.apply(0)).getMessage();
      assertTrue(message.startsWith(names.get(i) + " must be "), message);
    }
  }

  /** Prints how many of its threads are left after an encoder was forgotten. */
  static final class Forgetful {
    public static void main(String[] args) throws Exception {
      try (ClipModel model = TinyModel.load()) {
        System.out.println(forget(model).get().length + " " + threads());
        for (int i = 0; i < 500 && threads() > 0; i++) {
          System.gc();
          Thread.sleep(10);
        }
        System.out.println(threads());
      }
    }

    private static CompletableFuture<float[]> forget(ClipModel model) {
      return BatchingEncoder.of(model).embedText("a cat");
    }

    private static long threads() {
      return Thread.getAllStackTraces().keySet().stream()
          .filter(thread -> thread.getName().matches("clip4j-(texts|images)-\\d"))
          .count();
    }
  }

  @Test
  void theThreadsOfAForgottenEncoderEnd() throws Exception {
    ChildJvm.Result ended = new ChildJvm().run(Forgetful.class);
    assertEquals(0, ended.exit(), ended.err());
    assertEquals("16 4\n0\n", ended.out());
    assertTrue(ended.err().contains("BatchingEncoder was never closed"), ended.err());
    assertTrue(ended.err().contains("BatchingEncoderTest$Forgetful.forget("), ended.err());
  }
}
