package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is there before and after a download. */
class DownloaderTest extends FileServer {
  @Test
  void wholeFileWithProgressAndChecksum() throws Exception {
    List<Long> seen = new ArrayList<>();
    downloader.download(
        serve(content("\"1\"", 0)),
        target(),
        options
            .withSha256(sha256(CONTENT).toUpperCase())
            .withProgress(
                (received, total) -> {
                  assertEquals(CONTENT.length, total);
                  seen.add(received);
                }));
    assertOnlyTheFile();
    assertEquals(CONTENT.length, seen.get(seen.size() - 1));
  }

  @Test
  void aWrongChecksumLeavesNothing() throws Exception {
    URI address = serve(content("\"1\"", 0));
    Clip4jException failure = failure(address, options.withSha256("0".repeat(64)));
    assertEquals(Kind.CORRUPT, failure.kind());
    try (Stream<Path> files = Files.list(temp)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void aFileThatIsThere() throws Exception {
    URI address = serve(content("\"1\"", 0));
    Files.write(target(), new byte[1]);
    downloader.download(address, target(), options);
    assertEquals(List.of(), ranges);
    downloader.download(address, target(), options.withSha256(sha256(CONTENT)));
    assertOnlyTheFile();
    downloader.download(address, target(), options.withSha256(sha256(CONTENT)));
    assertEquals(1, ranges.size());
    downloader.download(address, target(), options.withOverwrite(true));
    assertEquals(2, ranges.size());
    assertOnlyTheFile();
  }

  @Test
  void wrongArguments() {
    for (String address :
        new String[] {"file:///etc/passwd", "ftp://h/x", "http:x", "http://h:65536/", "x"}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> downloader.download(URI.create(address), target()),
          address);
    }
    assertThrows(IllegalArgumentException.class, () -> options.withSha256("abc"));
    assertThrows(IllegalArgumentException.class, () -> Downloader.create(0, Duration.ofSeconds(1)));
    URI nowhere = URI.create("http://127.0.0.1:1/x");
    assertEquals(Kind.UNREADABLE, failure(nowhere, options).kind());
    assertEquals(
        Kind.UNWRITABLE,
        assertThrows(
                Clip4jException.class,
                () -> downloader.download(nowhere, temp.resolve("no/such/file")))
            .kind());
    Clip4jException folder =
        assertThrows(Clip4jException.class, () -> downloader.download(nowhere, temp));
    assertEquals(Kind.UNWRITABLE, folder.kind());
  }

  @Test
  void whatCannotBeWrittenIsNotAskedForAgain() throws IOException {
    Files.createDirectories(temp.resolve(".file.bin.part.tag/full"));
    Clip4jException failure = failure(serve(content("\"1\"", 0)), options);
    assertEquals(Kind.UNWRITABLE, failure.kind(), failure.getMessage());
    assertEquals(1, ranges.size());
  }

  @Test
  void oneAtATime() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    URI address =
        serve(
            exchange -> {
              inside.countDown();
              try {
                go.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              respond(exchange, 200, CONTENT);
            });
    Future<Path> first = threads.submit(() -> Downloader.create().download(address, target()));
    inside.await();
    Clip4jException failure = failure(address, options);
    assertEquals(Kind.LOCKED, failure.kind());
    assertTrue(failure.getMessage().contains("another download"), failure.getMessage());
    go.countDown();
    first.get();
    assertOnlyTheFile();
  }
}
