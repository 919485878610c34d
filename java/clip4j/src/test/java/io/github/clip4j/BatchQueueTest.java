package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.BatchQueue.Item;
import io.github.clip4j.BatchingOptions.WhenFull;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** With an encoder that ends each batch when the test says so; its rows are the inputs. */
class BatchQueueTest {
  private static final BatchingOptions PATIENT =
      BatchingOptions.DEFAULT.withMaxBatch(3).withMaxWait(Duration.ofHours(1));
  private static final long SHORT_MS = 100;
  private static final long LONG_MS = 10_000;

  /** A batch that began. */
  private record Batch(List<Float> inputs, CountDownLatch end) {}

  private final BlockingQueue<Batch> begun = new LinkedBlockingQueue<>();
  private final List<Batch> all = new CopyOnWriteArrayList<>();
  private BatchQueue<Float> queue;

  private void start(BatchingOptions options) {
    queue = new BatchQueue<>("numbers", options, this::encode);
    queue.start();
  }

  private void encode(List<Item<Float>> items) {
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

  private CompletableFuture<float[]> submit(float input) {
    CompletableFuture<float[]> result = new CompletableFuture<>();
    queue.submit(input, result, System.nanoTime());
    return result;
  }

  private Batch next() throws InterruptedException {
    Batch batch = begun.poll(60, TimeUnit.SECONDS);
    assertTrue(batch != null, "no batch began");
    return batch;
  }

  private void assertNoneBegins() throws InterruptedException {
    assertNull(begun.poll(SHORT_MS, TimeUnit.MILLISECONDS));
  }

  private static void assertRow(float input, CompletableFuture<float[]> result) throws Exception {
    assertArrayEquals(new float[] {input}, result.get(60, TimeUnit.SECONDS));
  }

  private static Throwable failure(CompletableFuture<float[]> result) {
    return assertThrows(ExecutionException.class, () -> result.get(60, TimeUnit.SECONDS))
        .getCause();
  }

  /**
   * What becomes of an item when the heap is full: its row has no room, nor at first its failure or
   * its cancellation.
   */
  private static final class NoRoom extends CompletableFuture<float[]> {
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

  @Test
  void aFullHeapEndsNeitherThreadsNorWaiting() throws Exception {
    start(PATIENT);
    for (int i = 0; i < 5; i++) { // more often than there are threads
      CompletableFuture<float[]> result = new NoRoom();
      queue.submit(1f, result, System.nanoTime());
      next().end().countDown();
      assertInstanceOf(OutOfMemoryError.class, failure(result));
    }
    CompletableFuture<float[]> row = submit(2);
    next().end().countDown();
    assertRow(2, row);
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

  @Test
  void oneItemAloneDoesNotWait() throws Exception {
    start(PATIENT);
    CompletableFuture<float[]> first = submit(1);
    next().end().countDown();
    assertRow(1, first);
  }

  @Test
  void othersGatherUntilTheBatchIsFull() throws Exception {
    start(PATIENT);
    submit(1);
    Batch first = next();
    assertEquals(List.of(1f), first.inputs());
    CompletableFuture<float[]> second = submit(2);
    submit(3);
    assertNoneBegins();
    submit(4);
    Batch full = next();
    assertEquals(List.of(2f, 3f, 4f), full.inputs());
    full.end().countDown();
    assertRow(2, second);
    first.end().countDown();
  }

  @Test
  void othersGatherUntilTheBatchUnderWayHasEnded() throws Exception {
    start(PATIENT);
    submit(1);
    Batch first = next();
    submit(2);
    submit(3);
    assertNoneBegins();
    first.end().countDown();
    Batch second = next();
    assertEquals(List.of(2f, 3f), second.inputs());
    second.end().countDown();
  }

  @Test
  void othersGatherUntilTheLongestWaitIsOver() throws Exception {
    start(PATIENT.withMaxWait(Duration.ofMillis(20)));
    submit(1);
    Batch first = next();
    submit(2);
    Batch second = next();
    assertEquals(List.of(2f), second.inputs());
    second.end().countDown();
    first.end().countDown();
  }

  /** Fills the queue of 2 behind two batches under way. */
  private List<Batch> fill(BatchingOptions options) throws InterruptedException {
    start(options.withMaxBatch(1).withQueueCapacity(2));
    submit(1);
    Batch first = next();
    submit(2);
    Batch second = next();
    submit(3);
    submit(4);
    return List.of(first, second);
  }

  @Test
  void aFullQueueRejects() throws Exception {
    List<Batch> busy = fill(PATIENT.withWhenFull(WhenFull.REJECT));
    Throwable failure = failure(submit(5));
    assertInstanceOf(RejectedExecutionException.class, failure);
    assertEquals("no room: 2 numbers wait to be encoded", failure.getMessage());
    busy.get(0).end().countDown();
    Batch third = next();
    assertEquals(List.of(3f), third.inputs());
    CompletableFuture<float[]> late = submit(6);
    assertFalse(late.isDone());
    third.end().countDown();
    next().end().countDown();
    next().end().countDown();
    assertRow(6, late);
  }

  @Test
  void aFullQueueBlocksUntilThereIsRoom() throws Exception {
    List<Batch> busy = fill(PATIENT);
    CompletableFuture<CompletableFuture<float[]>> blocked =
        CompletableFuture.supplyAsync(() -> submit(5), task -> new Thread(task).start());
    assertThrows(
        TimeoutException.class, () -> blocked.get(SHORT_MS, TimeUnit.MILLISECONDS), "no room yet");
    busy.get(0).end().countDown();
    CompletableFuture<float[]> late = blocked.get(60, TimeUnit.SECONDS);
    busy.get(1).end().countDown();
    for (int i = 0; i < 3; i++) {
      next().end().countDown();
    }
    assertRow(5, late);
  }

  @Test
  void aBlockedSubmissionEndsByTimeoutOrInterrupt() throws Exception {
    List<Batch> busy = fill(PATIENT.withTimeout(Duration.ofMillis(SHORT_MS)));
    assertInstanceOf(TimeoutException.class, failure(submit(5)));
    Thread.currentThread().interrupt();
    CompletableFuture<float[]> interrupted = submit(6);
    assertTrue(Thread.interrupted());
    assertInstanceOf(RejectedExecutionException.class, failure(interrupted));
    busy.forEach(batch -> batch.end().countDown());
  }

  /** What tokenizing or fetching took counts as well. */
  @Test
  void aTimeoutBeginsWithTheSubmission() throws Exception {
    Duration hour = Duration.ofHours(1);
    List<Batch> busy = fill(PATIENT.withTimeout(hour));
    CompletableFuture<float[]> late = new CompletableFuture<>();
    queue.submit(5f, late, System.nanoTime() - hour.toNanos());
    assertInstanceOf(TimeoutException.class, failure(late));
    busy.forEach(batch -> batch.end().countDown());
  }

  @Test
  void aDependentStageIsRejectedRatherThanBlocked() throws Exception {
    start(PATIENT.withMaxBatch(1).withQueueCapacity(1));
    CompletableFuture<float[]> again = submit(1).thenCompose(row -> submit(9));
    Batch first = next();
    submit(2);
    Batch second = next();
    submit(3);
    first.end().countDown();
    assertInstanceOf(RejectedExecutionException.class, failure(again));
    second.end().countDown();
  }

  @Test
  void whatIsDoneBeforeItBeginsIsNotEncoded() throws Exception {
    start(PATIENT);
    submit(1);
    Batch first = next();
    CompletableFuture<float[]> cancelled = submit(2);
    CompletableFuture<float[]> late = submit(3).orTimeout(1, TimeUnit.MILLISECONDS);
    assertTrue(cancelled.cancel(true));
    assertInstanceOf(TimeoutException.class, failure(late));
    CompletableFuture<float[]> wanted = submit(4);
    Batch second = next();
    assertEquals(List.of(4f), second.inputs());
    second.end().countDown();
    assertRow(4, wanted);
    first.end().countDown();
  }

  @Test
  void whatFailsABatchFailsNoOtherItem() throws Exception {
    start(PATIENT);
    submit(1);
    Batch first = next();
    CompletableFuture<float[]> good = submit(2);
    CompletableFuture<float[]> bad = submit(-1);
    CompletableFuture<float[]> fine = submit(3);
    for (List<Float> inputs :
        List.of(List.of(2f, -1f, 3f), List.of(2f), List.of(-1f), List.of(3f))) {
      Batch batch = next();
      assertEquals(inputs, batch.inputs());
      batch.end().countDown();
    }
    assertRow(2, good);
    assertRow(3, fine);
    assertEquals("-1 in [-1.0]", failure(bad).getMessage());
    first.end().countDown();
  }

  /** It is no item's doing: each would bring it about again. */
  @Test
  void anErrorFailsItsWholeBatch() throws Exception {
    start(PATIENT);
    submit(1);
    Batch first = next();
    List<CompletableFuture<float[]>> results = List.of(submit(2), submit(-2), submit(3));
    next().end().countDown();
    for (CompletableFuture<float[]> result : results) {
      assertInstanceOf(StackOverflowError.class, failure(result));
    }
    assertNoneBegins();
    first.end().countDown();
  }

  @Test
  void whatIsDoneWhenItsBatchFailsIsNotEncodedAgain() throws Exception {
    start(PATIENT);
    submit(1);
    Batch first = next();
    CompletableFuture<float[]> cancelled = submit(2);
    submit(-1);
    CompletableFuture<float[]> fine = submit(3);
    Batch together = next();
    assertTrue(cancelled.cancel(true));
    together.end().countDown();
    for (float input : new float[] {-1, 3}) {
      Batch alone = next();
      assertEquals(List.of(input), alone.inputs());
      alone.end().countDown();
    }
    assertRow(3, fine);
    first.end().countDown();
  }

  @Test
  void closingFinishesWhatWasAccepted() throws Exception {
    start(PATIENT);
    CompletableFuture<float[]> first = submit(1);
    Batch batch = next();
    CompletableFuture<float[]> second = submit(2);
    queue.close();
    next().end().countDown();
    assertRow(2, second);
    assertFalse(first.isDone());
    batch.end().countDown();
    queue.join();
    assertRow(1, first);
  }

  /** Both threads are busy: one that is not would begin what is left between the two calls. */
  @Test
  void discardingCancelsWhatHasNotBegun() throws Exception {
    start(PATIENT.withMaxBatch(1));
    CompletableFuture<float[]> first = submit(1);
    Batch batch = next();
    CompletableFuture<float[]> second = submit(2);
    Batch other = next();
    CompletableFuture<float[]> third = submit(3);
    queue.close();
    queue.discard();
    assertTrue(third.isCancelled());
    batch.end().countDown();
    other.end().countDown();
    queue.join();
    assertRow(1, first);
    assertRow(2, second);
    assertNull(begun.poll());
  }

  /** The queue is still full when a caller that waits for room hears of it. */
  @Test
  void discardingEndsTheWaitForRoom() throws Exception {
    start(PATIENT.withMaxBatch(1).withQueueCapacity(1));
    submit(1);
    Batch batch = next();
    submit(2);
    Batch other = next();
    AtomicReference<Thread> caller = new AtomicReference<>();
    CompletableFuture<float[]> third =
        new CompletableFuture<>() {
          @Override
          public boolean cancel(boolean mayInterrupt) {
            try {
              caller.get().join(LONG_MS);
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            return super.cancel(mayInterrupt);
          }
        };
    queue.submit(3f, third, System.nanoTime());
    CompletableFuture<float[]> fourth = new CompletableFuture<>();
    caller.set(new Thread(() -> queue.submit(4f, fourth, System.nanoTime())));
    caller.get().start();
    while (caller.get().getState() != Thread.State.TIMED_WAITING) {
      Thread.sleep(1);
    }
    queue.discard();
    assertInstanceOf(RejectedExecutionException.class, failure(fourth));
    assertTrue(third.isCancelled());
    batch.end().countDown();
    other.end().countDown();
  }

  @Test
  void whatAFullHeapKeepsFromBeingDiscardedIsCancelledLater() throws Exception {
    start(PATIENT.withMaxBatch(1));
    submit(1);
    Batch batch = next();
    submit(2);
    Batch other = next();
    CompletableFuture<float[]> third = new NoRoom();
    queue.submit(3f, third, System.nanoTime());
    CompletableFuture<float[]> fourth = submit(4);
    queue.close();
    assertThrows(OutOfMemoryError.class, queue::discard);
    batch.end().countDown();
    other.end().countDown();
    queue.join();
    assertTrue(third.isCancelled());
    assertTrue(fourth.isCancelled());
    assertNull(begun.poll());
  }

  /** The thread that was interrupted takes the next batch, too: the other still waits. */
  @Test
  void anInterruptByADependentStageDoesNotReachTheNextBatch() throws Exception {
    start(PATIENT);
    submit(1).thenRun(() -> Thread.currentThread().interrupt());
    Batch first = next();
    CompletableFuture<float[]> second = submit(2);
    first.end().countDown();
    next().end().countDown();
    assertRow(2, second);
  }
}
