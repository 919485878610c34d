package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.BatchQueue.Item;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;

/** Tests with an encoder that ends each batch when the test says so; its rows are the inputs. */
abstract class NumberQueue {
  static final BatchingOptions PATIENT =
      BatchingOptions.DEFAULT.withMaxBatch(3).withMaxWait(Duration.ofHours(1));
  static final long SHORT_MS = 100;

  /** A batch that began. */
  record Batch(List<Float> inputs, CountDownLatch end) {}

  final BlockingQueue<Batch> begun = new LinkedBlockingQueue<>();
  final List<Batch> all = new CopyOnWriteArrayList<>();
  BatchQueue<Float> queue;

  void start(BatchingOptions options) {
    queue = new BatchQueue<>("numbers", options, this::encode);
    queue.start();
  }

  void encode(List<Item<Float>> items) {
    Batch batch = new Batch(items.stream().map(Item::input).toList(), new CountDownLatch(1));
    all.add(batch);
    begun.add(batch);
    try {
      batch.end().await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    if (batch.inputs().contains(-2f)) {
      throw new StackOverflowError("-2 in " + batch.inputs());
    }
    if (batch.inputs().contains(-1f)) {
      throw new IllegalArgumentException("-1 in " + batch.inputs());
    }
    items.forEach(item -> item.result().complete(new float[] {item.input()}));
  }

  CompletableFuture<float[]> submit(float input) {
    CompletableFuture<float[]> result = new CompletableFuture<>();
    queue.submit(input, result, System.nanoTime());
    return result;
  }

  Batch next() throws InterruptedException {
    Batch batch = begun.poll(60, TimeUnit.SECONDS);
    assertTrue(batch != null, "no batch began");
    return batch;
  }

  void assertNoneBegins() throws InterruptedException {
    assertNull(begun.poll(SHORT_MS, TimeUnit.MILLISECONDS));
  }

  static void assertRow(float input, CompletableFuture<float[]> result) throws Exception {
    assertArrayEquals(new float[] {input}, result.get(60, TimeUnit.SECONDS));
  }

  /**
   * What becomes of an item when the heap is full: its row has no room, nor at first its failure or
   * its cancellation.
   */
  static final class NoRoom extends CompletableFuture<float[]> {
    private boolean tried;

    @Override
    public boolean complete(float[] row) {
      throw new OutOfMemoryError("for the row");
    }

    @Override
    public boolean completeExceptionally(Throwable failed) {
      refuseOnce("for the failure");
      return super.completeExceptionally(failed);
    }

    @Override
    public boolean cancel(boolean interrupt) {
      refuseOnce("for the cancellation");
      return super.cancel(interrupt);
    }

    private void refuseOnce(String what) {
      if (!tried) {
        tried = true;
        throw new OutOfMemoryError(what);
      }
    }
  }

  @AfterEach
  void close() throws Exception {
    queue.close();
    queue.discard();
    CompletableFuture<Void> ended =
        CompletableFuture.runAsync(
            () -> {
              try {
                queue.join();
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            },
            task -> new Thread(task).start());
    while (!ended.isDone()) {
      all.forEach(batch -> batch.end().countDown());
      Thread.sleep(1);
    }
    ended.get();
  }
}
