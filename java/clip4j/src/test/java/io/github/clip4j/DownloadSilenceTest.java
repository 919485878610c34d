package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** From servers that send little or nothing, and what ends the waiting for them. */
class DownloadSilenceTest extends FileServer {
  /** A server that sends 1000 bytes and then nothing until the test ends. */
  private URI serveStalling() {
    return serve(
        exchange -> {
          exchange.sendResponseHeaders(200, CONTENT.length);
          exchange.getResponseBody().write(CONTENT, 0, 1000);
          exchange.getResponseBody().flush();
          pause(Long.MAX_VALUE);
        });
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  @Timeout(60)
  void aServerThatStalls() {
    URI address = serveStalling();
    Downloader hasty = Downloader.create(1, Duration.ofSeconds(2));
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> hasty.download(address, target()));
    assertEquals(Kind.UNREADABLE, failure.kind());
    assertTrue(failure.getMessage().contains("sent nothing for 2000 ms"), failure.getMessage());
  }

  @Test
  void aTransferMayTakeLongerThanASilence() throws IOException {
    URI address =
        serve(
            exchange -> {
              exchange.sendResponseHeaders(200, CONTENT.length);
              for (int begin = 0; begin < CONTENT.length; begin += 30_000) {
                exchange.getResponseBody().write(CONTENT, begin, 30_000);
                exchange.getResponseBody().flush();
                pause(400);
              }
              exchange.close();
            });
    Downloader.create(1, Duration.ofSeconds(3)).download(address, target());
    assertOnlyTheFile();
  }

  @Test
  @Timeout(60)
  void aServerThatTrickles() {
    URI address =
        serve(
            exchange -> {
              exchange.sendResponseHeaders(200, CONTENT.length);
              for (int i = 0; i < CONTENT.length; i++) {
                exchange.getResponseBody().write(i);
                exchange.getResponseBody().flush();
                pause(100);
              }
            });
    Downloader hasty = Downloader.create(1, Duration.ofSeconds(2));
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> hasty.download(address, target()));
    assertEquals(Kind.UNREADABLE, failure.kind());
    assertTrue(
        failure
            .getMessage()
            .matches(".*: the server sent only \\d+ bytes in ([4-9]|\\d{2,})\\d{3} ms"),
        failure.getMessage());
  }

  @Test
  @Timeout(60)
  void anAnswerThatDoesNotBegin() {
    URI address = serve(exchange -> pause(Long.MAX_VALUE));
    Downloader hasty = Downloader.create(1, Duration.ofSeconds(1));
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> hasty.download(address, target()));
    assertTrue(failure.getMessage().endsWith("request timed out"), failure.getMessage());
  }

  @Test
  @Timeout(40)
  void anInterruptEndsTheWaitingForBytes() throws Exception {
    URI address = serveStalling();
    List<Boolean> interrupted = new ArrayList<>();
    FutureTask<Clip4jException> download =
        new FutureTask<>(
            () -> {
              Clip4jException failure = failure(address, options);
              interrupted.add(Thread.currentThread().isInterrupted());
              return failure;
            });
    Thread thread = new Thread(download);
    thread.start();
    awaitProgress(1000);
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    thread.interrupt();
    assertEquals("the download was interrupted", download.get().getMessage());
    assertEquals(List.of(true), interrupted);
    assertEquals(1000, Files.size(temp.resolve(".file.bin.part")));
  }

  private void assertInterrupted(URI address, Downloader.Options wanted) {
    Clip4jException failure = failure(address, wanted);
    assertTrue(Thread.interrupted());
    assertEquals(Kind.UNREADABLE, failure.kind());
    assertEquals("the download was interrupted", failure.getMessage());
  }

  /** It closes whatever file the thread is at. */
  @Test
  void anInterruptIsNotABrokenFile() throws Exception {
    Thread caller = Thread.currentThread();
    URI address = serve(content("\"1\"", 0));
    caller.interrupt();
    assertInterrupted(address, options);
    assertEquals(List.of(), ranges);
    for (int end : new int[] {0, 1, CONTENT.length}) {
      assertInterrupted(
          address,
          options.withProgress(
              (received, total) -> {
                if (received >= end) {
                  caller.interrupt();
                }
              }));
      assertFalse(Files.exists(target()));
    }
    downloader.download(address, target());
    assertOnlyTheFile();
  }
}
