package io.github.clip4j;

import io.github.clip4j.BatchingOptions.WhenFull;
import java.util.ArrayList;
import java.util.LinkedList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Single items of one kind on their way to the model: a bounded queue, and threads that take
 * batches from it.
 *
 * <p>There are two threads: while the model encodes one's batch, the other's is decoded and then
 * waits at the model, which thus never waits for Java. A model encodes one batch at a time, so more
 * threads would only make batches smaller.
 */
final class BatchQueue<T> {
  private static final int THREADS = 2;
  private static final long PAUSE_NANOS = 1_000_000;

  /**
   * What was submitted.
   *
   * @param result where its row goes; an item whose result is there already is not encoded
   * @param queuedAt by System.nanoTime()
   */
  record Item<T>(T input, CompletableFuture<float[]> result, long queuedAt) {}

  /** A thread of this class. It must not wait for what only such threads can bring about. */
  private static final class Worker extends Thread {
    Worker(Runnable body, String name) {
      super(body, name);
      setDaemon(true);
    }
  }

  private final String what;
  private final BatchingOptions options;
  private final Consumer<List<Item<T>>> encoder;
  private final long timeoutNanos;
  private final List<Worker> workers = new ArrayList<>();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final Condition room = lock.newCondition();
  // An ArrayDeque that cannot grow, for want of memory, is empty from then on.
  private final Queue<Item<T>> queue = new LinkedList<>();
  private int encoding; // batches
  private boolean closed;
  private boolean discarding;

  /**
   * A queue whose threads are yet to be started.
   *
   * @param what the items, for messages: "texts"
   * @param encoder completes the results of a batch, or throws; must not refer to whoever is to
   *     call {@link #close}, since the threads live until then
   */
  BatchQueue(String what, BatchingOptions options, Consumer<List<Item<T>>> encoder) {
    this.what = what;
    this.options = options;
    this.encoder = encoder;
    this.timeoutNanos = options.timeout().map(time -> time.toNanos()).orElse(Long.MAX_VALUE);
    for (int i = 0; i < THREADS; i++) {
      workers.add(new Worker(this::work, "clip4j-" + what + "-" + i));
    }
  }

  /** Starts the threads. Where one cannot be, {@link #close} ends the others. */
  void start() {
    workers.forEach(Thread::start);
  }

  /**
   * Queues an item, or fails its result. Not to be called after {@link #close}.
   *
   * @param since System.nanoTime() when its timeout began
   */
  void submit(T input, CompletableFuture<float[]> result, long since) {
    // The refusal's dependents are code of others: not under the lock.
    refusal(input, result, since).ifPresent(result::completeExceptionally);
  }

  private Optional<Exception> refusal(T input, CompletableFuture<float[]> result, long since) {
    long left = timeoutNanos - (System.nanoTime() - since);
    lock.lock();
    try {
      while (!discarding && queue.size() >= options.queueCapacity()) {
        String full = "no room: " + queue.size() + " " + what + " wait to be encoded";
        if (options.whenFull() == WhenFull.REJECT || onWorker()) {
          return Optional.of(new RejectedExecutionException(full));
        } else if (left <= 0) {
          return Optional.of(new TimeoutException(full));
        }
        left = room.awaitNanos(left);
      }
      if (discarding) {
        return Optional.of(new RejectedExecutionException("the encoder was closed meanwhile"));
      }
      queue.add(new Item<>(input, result, System.nanoTime()));
      if (queue.size() == 1 || queue.size() >= options.maxBatch()) {
        arrived.signal();
      }
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of(new RejectedExecutionException("interrupted while waiting for room", e));
    } finally {
      lock.unlock();
    }
  }

  /**
   * A full heap can strike anywhere, also where a failure is handled: that happens inside the try,
   * and again until it succeeds. So no thread ends of it, and no item waits for ever.
   */
  private void work() {
    List<Item<T>> batch = new ArrayList<>();
    Throwable failed = null;
    while (true) {
      try {
        Thread.interrupted(); // A dependent stage's interrupt is none of the next batch.
        if (failed != null) {
          LockSupport.parkNanos(PAUSE_NANOS);
          fail(batch, failed);
          failed = null;
        }
        cancelDiscarded();
        if (!take(batch)) {
          return;
        }
        encode(batch);
      } catch (Throwable thrown) {
        failed = thrown;
      }
    }
  }

  /**
   * Makes {@code batch}, whose items have been encoded, the items to encode next; false where none
   * will come any more. Where it throws, what has left the queue is in {@code batch}, and counted.
   */
  private boolean take(List<Item<T>> batch) {
    lock.lock();
    try {
      if (!batch.isEmpty()) {
        encoding--;
        batch.clear();
      }
      while (batch.isEmpty()) {
        for (long wait = patience(); wait > 0; wait = patience()) {
          await(wait);
        }
        if (queue.isEmpty()) {
          return false;
        }
        room.signalAll();
        fill(batch);
      }
      if (!queue.isEmpty()) {
        arrived.signal();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void fill(List<Item<T>> batch) {
    try {
      while (batch.size() < options.maxBatch() && !queue.isEmpty()) {
        if (!queue.element().result().isDone()) {
          batch.add(queue.element());
        }
        queue.remove();
      }
    } finally {
      if (!batch.isEmpty()) {
        encoding++;
      }
    }
  }

  /** Nanoseconds until a batch may begin unless something happens first. */
  private long patience() {
    if (queue.isEmpty()) {
      return closed ? 0 : Long.MAX_VALUE;
    }
    if (closed || encoding == 0 || queue.size() >= options.maxBatch()) {
      return 0;
    }
    return queue.element().queuedAt() + options.maxWait().toNanos() - System.nanoTime();
  }

  private void await(long nanos) {
    try {
      arrived.awaitNanos(nanos);
    } catch (InterruptedException e) {
      // Only close ends these threads.
    }
  }

  /** An exception may be one item's doing: each then gets an outcome of its own. */
  private void encode(List<Item<T>> batch) {
    try {
      encoder.accept(batch);
    } catch (Throwable failed) {
      if (batch.size() == 1 || failed instanceof Error) {
        fail(batch, failed);
        return;
      }
      for (Item<T> item : batch) {
        if (!item.result().isDone()) {
          encode(List.of(item));
        }
      }
    }
  }

  /** Fails those that are not done. */
  private static <T> void fail(List<Item<T>> batch, Throwable failed) {
    for (Item<T> item : batch) {
      item.result().completeExceptionally(failed);
    }
  }

  /** What is queued is encoded yet, then the threads end. */
  void close() {
    lock.lock();
    try {
      closed = true;
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Cancels what has not begun. What a full heap keeps it from cancelling, the threads cancel. */
  void discard() {
    lock.lock();
    try {
      discarding = true;
      room.signalAll();
    } finally {
      lock.unlock();
    }
    cancelDiscarded();
  }

  /** Nothing leaves the queue before it is cancelled, which may fail. */
  private void cancelDiscarded() {
    for (Item<T> item = discarded(); item != null; item = discarded()) {
      item.result().cancel(false); // Not under the lock, either.
    }
  }

  /** The first item that is discarded and yet to be cancelled; null where there is none. */
  private Item<T> discarded() {
    lock.lock();
    try {
      while (discarding && !queue.isEmpty()) {
        if (!queue.element().result().isDone()) {
          return queue.element();
        }
        queue.remove();
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the threads have ended. */
  void join() throws InterruptedException {
    for (Worker worker : workers) {
      worker.join();
    }
  }

  /** Whether this runs on a thread of a queue: when a result is there, dependents run on it. */
  static boolean onWorker() {
    return Thread.currentThread() instanceof Worker;
  }
}
