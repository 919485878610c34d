package io.github.clip4j.internal;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A response's body whose reads fail when nothing comes for too long; java.net.http's timeouts end
 * at its headers.
 */
final class StallGuard implements AutoCloseable {
  private static final ScheduledExecutorService TIMER = timer();

  private final InputStream body;
  private final Duration silence;
  private volatile boolean stalled;

  StallGuard(InputStream body, Duration silence) {
    this.body = body;
    this.silence = silence;
  }

  private static ScheduledExecutorService timer() {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "clip4j-download-timer");
              thread.setDaemon(true);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true); // Each read has an alarm, and nearly all are cancelled.
    return timer;
  }

  int read(byte[] buffer) throws IOException {
    ScheduledFuture<?> alarm =
        TIMER.schedule(this::giveUp, silence.toMillis(), TimeUnit.MILLISECONDS);
    int count;
    try {
      count = body.read(buffer);
    } catch (IOException e) {
      throw stalled ? silent(e) : e;
    } finally {
      alarm.cancel(false);
    }
    if (stalled) {
      throw silent(null);
    }
    return count;
  }

  private IOException silent(IOException cause) {
    return new IOException("the server sent nothing for " + silence.toMillis() + " ms", cause);
  }

  private void giveUp() {
    stalled = true;
    try {
      body.close();
    } catch (IOException e) {
      // The reader fails for its own reasons then.
    }
  }

  @Override
  public void close() throws IOException {
    body.close();
  }
}
