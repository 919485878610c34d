package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.COMMIT;
import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.internal.net.HttpFetch;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests of how weights come from a hub that does as each wants. */
abstract class HubTransfer {
  static final HubName TINY = HubName.parse("org/tiny").orElseThrow();

  @TempDir Path cache;
  final ExecutorService threads = Executors.newCachedThreadPool();
  FakeHub server;

  @BeforeEach
  void start() throws IOException {
    server = new FakeHub();
  }

  @AfterEach
  void stop() {
    server.close();
    threads.shutdownNow();
  }

  Path open() {
    return open(2, Duration.ofSeconds(20));
  }

  Path open(int attempts, Duration silence) {
    return open(attempts, silence, (received, total) -> {});
  }

  Path open(int attempts, Duration silence, Progress progress) {
    HubEnvironment environment =
        new HubEnvironment(
            Map.of("HF_ENDPOINT", server.endpoint(), "HF_HUB_CACHE", cache.toString()),
            cache.resolve("home"));
    return new Hub(environment, new HttpFetch(attempts, silence)).directory(TINY, progress);
  }

  Clip4jException failure(Kind kind) {
    return failure(kind, 2, Duration.ofSeconds(20));
  }

  Clip4jException failure(Kind kind, int attempts, Duration silence) {
    Clip4jException failure = assertThrows(Clip4jException.class, () -> open(attempts, silence));
    assertEquals(kind, failure.kind(), failure.getMessage());
    assertFalse(Files.exists(cache.resolve("models--org--tiny/refs/main")));
    return failure;
  }

  Path blobs() {
    return cache.resolve("models--org--tiny/blobs");
  }

  Path blob() {
    return blobs().resolve(server.etag(WEIGHTS));
  }

  List<Path> incomplete() throws IOException {
    try (Stream<Path> files = Files.list(blobs())) {
      return files.filter(file -> file.toString().endsWith(".incomplete")).toList();
    }
  }

  void assertWhole() throws IOException {
    Path file = cache.resolve("models--org--tiny/snapshots").resolve(COMMIT).resolve(WEIGHTS);
    assertArrayEquals(server.files.get(WEIGHTS), Files.readAllBytes(file));
    assertEquals(List.of(), incomplete());
  }

  /** A fault: no more than 1000 bytes come. */
  static FakeHub.Fault stall(CountDownLatch begun) {
    return (exchange, content) -> {
      exchange.sendResponseHeaders(200, content.length);
      exchange.getResponseBody().write(content, 0, 1000);
      exchange.getResponseBody().flush();
      begun.countDown();
      FakeHub.pause(60_000);
    };
  }
}
