package io.github.clip4j.internal.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.internal.hub.FakeHub;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is asked of a server, and what becomes of what it sends. */
class HttpBodyTest {
  private final AtomicInteger silences = new AtomicInteger();
  private final HttpBody body = new HttpBody(Duration.ofSeconds(1), silences::incrementAndGet);
  private final byte[] bytes = new byte[4];
  private long asked;
  private boolean cancelled;

  @BeforeEach
  void subscribe() {
    body.onSubscribe(
        new Subscription() {
          @Override
          public void request(long more) {
            asked += more;
          }

          @Override
          public void cancel() {
            cancelled = true;
          }
        });
    assertSame(body, body.getBody().toCompletableFuture().join());
  }

  private void come(String... texts) {
    body.onNext(Arrays.stream(texts).map(text -> ByteBuffer.wrap(text.getBytes())).toList());
  }

  private String read() throws Exception {
    return new String(bytes, 0, body.read(bytes));
  }

  @Test
  void oneMoreIsAskedForWhereOneIsTaken() throws Exception {
    assertEquals(1, asked);
    come("abcdef", "", "g");
    assertEquals(1, asked);
    assertEquals("abcd", read());
    assertEquals(2, asked);
    come();
    assertEquals("ef", read());
    assertEquals("g", read());
    assertEquals(2, asked);
    body.onComplete();
    assertEquals(-1, body.read(bytes));
    assertEquals(3, asked);
  }

  @Test
  void whatCameBeforeAFailureIsRead() throws Exception {
    come("a");
    body.onError(new IOException("cut"));
    assertEquals("a", read());
    IOException failure = assertThrows(IOException.class, () -> body.read(bytes));
    assertEquals("the transfer broke off: cut", failure.getMessage());
  }

  /** Reads {@code text}, which comes a tenth of a second after the waiting for it began. */
  private void await(String text) throws Exception {
    Thread server =
        new Thread(
            () -> {
              FakeHub.pause(100);
              come(text);
            });
    server.start();
    readAll(text);
    server.join();
  }

  private void readAll(String text) throws Exception {
    for (int rest = text.length(); rest > 0; ) {
      rest -= body.read(bytes);
    }
  }

  @Test
  void aTrickleIsAStall() {
    IOException failure =
        assertThrows(
            IOException.class,
            () -> {
              for (int i = 0; i < 60; i++) {
                await("abc");
              }
            });
    assertTrue(
        failure.getMessage().matches("the server sent only \\d+ bytes in ([2-9]|\\d{2,})\\d{3} ms"),
        failure.getMessage());
    assertEquals(1, silences.get());
  }

  @Test
  void aSteadyServerIsNone() throws Exception {
    for (int i = 0; i < 30; i++) {
      await("abc".repeat(1000));
    }
  }

  @Test
  void aSlowReaderIsNotTheServersFault() throws Exception {
    for (int i = 0; i < 10; i++) {
      come("abc");
      FakeHub.pause(300);
      readAll("abc");
    }
  }

  @Test
  void silenceAndInterrupts() throws Exception {
    IOException failure = assertThrows(IOException.class, () -> body.read(bytes));
    assertEquals("the server sent nothing for 1000 ms", failure.getMessage());
    assertEquals(1, silences.get());
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> body.read(bytes));
    body.close();
    assertTrue(cancelled);
  }
}
