package io.github.clip4j;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How a {@link BatchingEncoder} forms batches and what it does when it cannot keep up. Texts and
 * pictures queue apart; each number holds for each of the two.
 *
 * @param maxBatch items that are encoded at once, at most
 * @param maxWait how long an item waits for others to share a batch with, at most, while another
 *     batch is being encoded; where none is, it does not wait
 * @param queueCapacity items that may wait in the queue
 * @param whenFull what becomes of an item that finds the queue full
 * @param timeout from the submission of an item to its result; an item that exceeds it fails with
 *     {@link java.util.concurrent.TimeoutException}. Empty: none
 * @param longTexts what becomes of a text that is longer than the model takes; one that is pooled
 *     counts as one item, however many parts it has
 */
public record BatchingOptions(
    int maxBatch,
    Duration maxWait,
    int queueCapacity,
    WhenFull whenFull,
    Optional<Duration> timeout,
    LongTexts longTexts) {

  /** What becomes of an item that finds the queue full. */
  public enum WhenFull {
    /** Its thread waits until there is room. */
    BLOCK,
    /** It fails at once with {@link java.util.concurrent.RejectedExecutionException}. */
    REJECT
  }

  /** Batches of 32, 2 ms, a queue of 1024 that blocks, no timeout, long texts cut. */
  public static final BatchingOptions DEFAULT =
      new BatchingOptions(
          32, Duration.ofMillis(2), 1024, WhenFull.BLOCK, Optional.empty(), LongTexts.TRUNCATE);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if maxBatch or queueCapacity is below 1, maxWait is negative,
   *     timeout is not above 0, or either of the two is over a year
   */
  public BatchingOptions {
    Objects.requireNonNull(maxWait, "maxWait");
    Objects.requireNonNull(whenFull, "whenFull");
    Objects.requireNonNull(timeout, "timeout");
    Objects.requireNonNull(longTexts, "longTexts");
    atLeastOne(maxBatch, "maxBatch");
    atLeastOne(queueCapacity, "queueCapacity");
    if (maxWait.isNegative() || tooLong(maxWait)) {
      throw new IllegalArgumentException("maxWait must be 0 to a year: " + maxWait);
    }
    timeout.ifPresent(
        limit -> {
          if (limit.isNegative() || limit.isZero() || tooLong(limit)) {
            throw new IllegalArgumentException("timeout must be above 0, to a year: " + limit);
          }
        });
  }

  private static void atLeastOne(int value, String what) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " must be 1 or more: " + value);
    }
  }

  private static boolean tooLong(Duration time) {
    return time.compareTo(Duration.ofDays(366)) > 0;
  }

  /** A copy with another largest batch. */
  public BatchingOptions withMaxBatch(int items) {
    return new BatchingOptions(items, maxWait, queueCapacity, whenFull, timeout, longTexts);
  }

  /** A copy with another longest wait for company. */
  public BatchingOptions withMaxWait(Duration time) {
    return new BatchingOptions(maxBatch, time, queueCapacity, whenFull, timeout, longTexts);
  }

  /** A copy with room for another number of waiting items. */
  public BatchingOptions withQueueCapacity(int items) {
    return new BatchingOptions(maxBatch, maxWait, items, whenFull, timeout, longTexts);
  }

  /** A copy that treats an item for which there is no room in another way. */
  public BatchingOptions withWhenFull(WhenFull other) {
    return new BatchingOptions(maxBatch, maxWait, queueCapacity, other, timeout, longTexts);
  }

  /** A copy with a timeout for every item. */
  public BatchingOptions withTimeout(Duration time) {
    return new BatchingOptions(
        maxBatch, maxWait, queueCapacity, whenFull, Optional.of(time), longTexts);
  }

  /** A copy that treats texts that are too long in another way. */
  public BatchingOptions withLongTexts(LongTexts other) {
    return new BatchingOptions(maxBatch, maxWait, queueCapacity, whenFull, timeout, other);
  }
}
