package io.github.clip4j.internal.net;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.TimeUnit;

/**
 * A response's body, for the one thread that reads it. Its reads end with a silence of the server,
 * with its bytes coming in a trickle, and with an interrupt; those of java.net.http's stream know
 * no end to waiting, and in Java 17 they lose interrupts.
 */
final class HttpBody implements BodySubscriber<HttpBody>, AutoCloseable {
  /** Comes last in the queue; it is known by its identity, for any list may be empty. */
  private static final List<ByteBuffer> END = new ArrayList<>();

  /** Bytes a second. */
  private static final int SLOWEST = 1024;

  private final Duration silence;
  private final Runnable onSilence;
  private final CompletableFuture<HttpBody> begun = new CompletableFuture<>();

  /** One is asked for at a time, and the end needs no asking: it is never full. */
  private final BlockingQueue<List<ByteBuffer>> arrived = new ArrayBlockingQueue<>(2);

  private Subscription subscription;
  private volatile Throwable failure;
  private Iterator<ByteBuffer> buffers = Collections.emptyIterator();
  private ByteBuffer buffer = ByteBuffer.allocate(0);
  private long waitedNanos;
  private long came;

  /** {@code onSilence} hears of a read that ends with a silence or a trickle. */
  HttpBody(Duration silence, Runnable onSilence) {
    this.silence = silence;
    this.onSilence = onSilence;
  }

  @Override
  public CompletionStage<HttpBody> getBody() {
    return begun;
  }

  @Override
  public void onSubscribe(Subscription subscription) {
    this.subscription = subscription;
    begun.complete(this);
    subscription.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    arrived.add(buffers);
  }

  @Override
  public void onError(Throwable failure) {
    this.failure = failure;
    arrived.add(END);
  }

  @Override
  public void onComplete() {
    arrived.add(END);
  }

  /** Waits for bytes and returns how many came, or -1 once at the end. */
  int read(byte[] into) throws IOException, InterruptedException {
    while (!buffer.hasRemaining()) {
      if (buffers.hasNext()) {
        buffer = buffers.next();
      } else if (!next()) {
        return -1;
      }
    }
    int count = Math.min(buffer.remaining(), into.length);
    buffer.get(into, 0, count);
    return count;
  }

  /** Takes what arrived, and asks for one more; false at the end. */
  private boolean next() throws IOException, InterruptedException {
    long start = System.nanoTime();
    List<ByteBuffer> next = arrived.poll(silence.toMillis(), TimeUnit.MILLISECONDS);
    waitedNanos += System.nanoTime() - start;
    if (next == null) {
      onSilence.run();
      throw new IOException("the server sent nothing for " + silence.toMillis() + " ms");
    }
    if (next == END) {
      if (failure != null) {
        throw new IOException("the transfer broke off: " + failure.getMessage(), failure);
      }
      return false;
    }
    next.forEach(bytes -> came += bytes.remaining());
    checkPace();
    buffers = next.iterator();
    subscription.request(1);
    return true;
  }

  /**
   * Without it a byte now and then would hold the reader for ever. Twice the silence is looked at
   * together, and only what was spent waiting counts: the reader may be slow itself.
   */
  private void checkPace() throws IOException {
    long waited = TimeUnit.NANOSECONDS.toMillis(waitedNanos);
    if (waited >= 2 * silence.toMillis()) {
      if (came < waited * SLOWEST / 1000) {
        onSilence.run();
        throw new IOException("the server sent only %d bytes in %d ms".formatted(came, waited));
      }
      waitedNanos = 0;
      came = 0;
    }
  }

  /** Ends the transfer, unless all of it has come. */
  @Override
  public void close() {
    subscription.cancel();
  }
}
