package io.github.clip4j;

import static io.github.clip4j.Futures.failure;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What becomes of items when the queue is closed, or is emptied. */
class BatchQueueCloseTest extends NumberQueue {
  private static final long LONG_MS = 10_000;

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
}
