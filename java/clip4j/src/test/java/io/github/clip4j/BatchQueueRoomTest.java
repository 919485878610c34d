package io.github.clip4j;

import static io.github.clip4j.Futures.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.BatchingOptions.WhenFull;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** What becomes of items for which the queue has no room. */
class BatchQueueRoomTest extends NumberQueue {
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
}
