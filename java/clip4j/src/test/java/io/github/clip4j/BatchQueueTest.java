package io.github.clip4j;

import static io.github.clip4j.Futures.failure;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** When batches begin, and what becomes of their items. */
class BatchQueueTest extends NumberQueue {
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
