package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.COMMIT;
import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.internal.net.HttpFetch;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Weights from servers that cut, lie, stall and are busy, and to several downloads at once. */
class HubTransferTest {
  private static final HubName TINY = HubName.parse("org/tiny").orElseThrow();

  @TempDir Path cache;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private FakeHub server;

  @BeforeEach
  void start() throws IOException {
    server = new FakeHub();
  }

  @AfterEach
  void stop() {
    server.close();
    threads.shutdownNow();
  }

  private Path open() {
    return open(2, Duration.ofSeconds(20));
  }

  private Path open(int attempts, Duration silence) {
    return open(attempts, silence, (received, total) -> {});
  }

  private Path open(int attempts, Duration silence, Progress progress) {
    HubEnvironment environment =
        new HubEnvironment(
            Map.of("HF_ENDPOINT", server.endpoint(), "HF_HUB_CACHE", cache.toString()),
            cache.resolve("home"));
    return new Hub(environment, new HttpFetch(attempts, silence)).directory(TINY, progress);
  }

  private Clip4jException failure(Kind kind) {
    return failure(kind, 2, Duration.ofSeconds(20));
  }

  private Clip4jException failure(Kind kind, int attempts, Duration silence) {
    Clip4jException failure = assertThrows(Clip4jException.class, () -> open(attempts, silence));
    assertEquals(kind, failure.kind(), failure.getMessage());
    assertFalse(Files.exists(cache.resolve("models--org--tiny/refs/main")));
    return failure;
  }

  private Path blobs() {
    return cache.resolve("models--org--tiny/blobs");
  }

  private Path blob() {
    return blobs().resolve(server.etag(WEIGHTS));
  }

  private List<Path> incomplete() throws IOException {
    try (Stream<Path> files = Files.list(blobs())) {
      return files.filter(file -> file.toString().endsWith(".incomplete")).toList();
    }
  }

  private void assertWhole() throws IOException {
    Path file = cache.resolve("models--org--tiny/snapshots").resolve(COMMIT).resolve(WEIGHTS);
    assertArrayEquals(server.files.get(WEIGHTS), Files.readAllBytes(file));
    assertEquals(List.of(), incomplete());
  }

  @Test
  void continuesAfterACut() throws IOException {
    server.contentFaults.add(FakeHub.cut(100_000));
    open();
    assertWhole();
    assertTrue(
        server.contentRequests().get(1).matches("cdn GET /model.safetensors bytes=[1-9]\\d*-"),
        server.contentRequests().toString());
  }

  @Test
  void whatBringsMuchEarnsAnotherAttempt() throws IOException {
    server.files.put(WEIGHTS, new byte[8 << 20]);
    for (int mebibytes : new int[] {2, 4, 6}) {
      server.contentFaults.add(FakeHub.cut(mebibytes << 20));
    }
    open();
    assertWhole();
    assertEquals(4, server.contentRequests().size());
  }

  @Test
  void continuesAfterAPageInstead() throws IOException {
    FakeHub.Fault page =
        (exchange, content) -> {
          exchange.sendResponseHeaders(200, 5);
          exchange.getResponseBody().write(new byte[5]);
          exchange.close();
        };
    server.contentFaults.addAll(List.of(FakeHub.cut(100_000), page));
    open(3, Duration.ofSeconds(20));
    assertWhole();
    List<String> requests = server.contentRequests();
    assertEquals(requests.get(1), requests.get(2));
    assertTrue(requests.get(2).contains(" bytes="), requests.toString());
  }

  /** Nothing could tell whether the bytes are of the same version. */
  @Test
  void withoutAHashNothingIsContinued() throws IOException {
    server.hashless = true;
    server.contentFaults.add(FakeHub.cut(100_000));
    open();
    assertWhole();
    String request = "cdn GET /model.safetensors";
    assertEquals(List.of(request, request), server.contentRequests());
  }

  @Test
  void continuesWhatAnotherDownloadLeft() throws IOException {
    server.contentFaults.addAll(List.of(FakeHub.cut(100_000), FakeHub.cut(200_000)));
    failure(Kind.UNREADABLE);
    long left = Files.size(incomplete().get(0));
    assertTrue(left > 0, left + " bytes were kept");
    open();
    assertWhole();
    assertEquals("cdn GET /model.safetensors bytes=" + left + "-", server.contentRequests().get(2));
  }

  @Test
  void continuesWhatPythonLeftAndLeavesItAlone() throws IOException {
    Files.createDirectories(blobs());
    Path left = blobs().resolve(server.etag(WEIGHTS) + ".incomplete");
    byte[] begun = Arrays.copyOf(server.files.get(WEIGHTS), 12345);
    Files.write(left, begun);
    open();
    assertEquals(List.of("cdn GET /model.safetensors bytes=12345-"), server.contentRequests());
    assertArrayEquals(begun, Files.readAllBytes(left));
    Files.delete(left);
    assertWhole();
  }

  @Test
  void beginsAnewWhereWhatWasLeftIsWrong() throws IOException {
    Files.createDirectories(blobs());
    Path left = blobs().resolve(server.etag(WEIGHTS) + ".clip4j-0.incomplete");
    Files.write(left, new byte[12345]);
    open();
    assertWhole();
    assertEquals(2, server.contentRequests().size());
  }

  @Test
  void takesWhatWasLeftWhereTheDiskHasNoRoomForACopy() throws IOException {
    Files.createDirectories(blobs());
    String[] names = {"a.clip4j-0.incomplete", "a.clip4j-1.incomplete", "a.incomplete"};
    for (int i = 0; i < names.length; i++) {
      Files.write(blobs().resolve(names[i]), new byte[i + 1]);
    }
    try (PartialBlob part = PartialBlob.resume(blobs().resolve("a"), Long.MAX_VALUE, true)) {
      assertEquals(2, part.size());
      Set<Path> left = Set.copyOf(incomplete());
      assertEquals(2, left.size());
      assertTrue(left.contains(blobs().resolve("a.incomplete")));
      assertFalse(left.contains(blobs().resolve("a.clip4j-0.incomplete")));
      assertFalse(left.contains(blobs().resolve("a.clip4j-1.incomplete")));
    }
  }

  /**
   * What our downloads left of files that nobody wants any more, or that are there by now; Python's
   * are its own affair.
   */
  @Test
  void deletesWhatWasLeftForNothing() throws IOException {
    Files.createDirectories(blobs());
    String[] names = {
      "a.clip4j-0.incomplete", "b.clip4j-0.incomplete", "c.clip4j-0.incomplete", "a.incomplete", "c"
    };
    FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofDays(8)));
    for (String name : names) {
      Files.write(blobs().resolve(name), new byte[10]);
      if (name.startsWith("a")) {
        Files.setLastModifiedTime(blobs().resolve(name), longAgo);
      }
    }
    open();
    assertEquals(
        List.of("a.incomplete", "b.clip4j-0.incomplete"),
        incomplete().stream().map(file -> file.getFileName().toString()).sorted().toList());
    assertTrue(Files.exists(blobs().resolve("c")));
  }

  /** Python may have brought the blob that our killed process had begun. */
  @Test
  void deletesItWhereNothingIsFetchedToo() throws IOException {
    open();
    Files.write(blobs().resolve(server.etag(WEIGHTS) + ".clip4j-0.incomplete"), new byte[10]);
    open();
    assertWhole();
    assertEquals(1, server.contentRequests().size());
  }

  @Test
  void aBlobOfTheWrongLengthIsReplaced() throws IOException {
    Files.createDirectories(blobs());
    Files.write(blob(), new byte[5]);
    open();
    assertWhole();
  }

  @Test
  void wrongBytesOfALargeFile() throws IOException {
    assertRefusesWrongBytes(WEIGHTS);
  }

  @Test
  void wrongBytesOfASmallFile() throws IOException {
    assertRefusesWrongBytes("config.json");
  }

  private void assertRefusesWrongBytes(String file) throws IOException {
    server.lies.put(file, new byte[server.files.get(file).length]);
    String message = failure(Kind.CORRUPT).getMessage();
    assertTrue(message.contains(file) && message.contains(server.etag(file)), message);
    try (Stream<Path> blobs = Files.list(blobs())) {
      assertTrue(blobs.noneMatch(blob -> blob.toString().contains(server.etag(file))));
    }
    server.lies.clear();
    open();
    assertWhole();
  }

  /** Some mirrors' hash of a small file. */
  @Test
  void aPlainSha1() throws IOException {
    byte[] content = {1, 2, 3};
    Path blob = Files.createDirectories(blobs()).resolve(FakeHub.hash("SHA-1", content));
    try (PartialBlob part = PartialBlob.open(blob, 3)) {
      part.append(content, 2);
      assertFalse(part.isRight());
      part.append(new byte[] {3}, 1);
      assertTrue(part.isRight());
    }
  }

  @Test
  void wrongLengths() throws IOException {
    byte[] longer = Arrays.copyOf(server.files.get(WEIGHTS), 400_000);
    FakeHub.Fault announced = (exchange, content) -> FakeHub.send(exchange, longer);
    server.contentFaults.addAll(List.of(announced, announced));
    String message = failure(Kind.UNREADABLE).getMessage();
    assertTrue(message.contains("offers 400000 bytes instead of 300000"), message);
    FakeHub.Fault endless =
        (exchange, content) -> {
          exchange.sendResponseHeaders(200, 0);
          try (var body = exchange.getResponseBody()) {
            while (true) {
              body.write(content);
            }
          }
        };
    server.contentFaults.addAll(List.of(endless, endless));
    message = failure(Kind.UNREADABLE).getMessage();
    assertTrue(message.contains("over 300000 bytes came"), message);
  }

  /** A fault: no more than 1000 bytes come. */
  private static FakeHub.Fault stall(CountDownLatch begun) {
    return (exchange, content) -> {
      exchange.sendResponseHeaders(200, content.length);
      exchange.getResponseBody().write(content, 0, 1000);
      exchange.getResponseBody().flush();
      begun.countDown();
      FakeHub.pause(60_000);
    };
  }

  @Test
  void aServerThatStalls() throws IOException {
    server.contentFaults.add(stall(new CountDownLatch(1)));
    String message = failure(Kind.UNREADABLE, 1, Duration.ofSeconds(5)).getMessage();
    assertTrue(message.contains("sent nothing for 5000 ms"), message);
    open();
    assertWhole();
  }

  @Test
  void waitsAsLongAsABusyServerAsks() throws IOException {
    String date =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(3));
    server.hubFaults.add(FakeHub.status(503, date));
    server.contentFaults.add(FakeHub.status(429, "2"));
    long start = System.nanoTime();
    open();
    assertTrue(System.nanoTime() - start > 3.5e9);
    assertWhole();
  }

  @Test
  void doesNotWaitForAnHour() throws IOException {
    server.contentFaults.add(FakeHub.status(429, "3600"));
    String message = failure(Kind.UNREADABLE).getMessage();
    assertTrue(message.contains("the server says 429 (it asks to wait 3600 s"), message);
    server.hubFaults.add(
        (exchange, none) -> {
          exchange.getResponseHeaders().set("RateLimit", "\"api\";r=0;t=3600");
          FakeHub.status(429, null).answer(exchange, none);
        });
    message = failure(Kind.UNREADABLE).getMessage();
    assertTrue(message.contains("the server says 429 (it asks to wait 3601 s"), message);
  }

  @Test
  void severalAtOnceFetchItOnce() throws Exception {
    atOnce(4);
    assertWhole();
    assertEquals(1, server.contentRequests().size());
  }

  @Test
  void severalAtOnceWhereLocksCannotBe() throws Exception {
    Files.createFile(cache.resolve(".locks"));
    CountDownLatch all = new CountDownLatch(3);
    FakeHub.Fault together =
        (exchange, content) -> {
          all.countDown();
          try {
            all.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          FakeHub.send(exchange, content);
        };
    server.contentFaults.addAll(List.of(together, together, together));
    atOnce(3);
    assertWhole();
    assertEquals(0, all.getCount());
  }

  @Test
  void anInterruptLeavesNobodyAtWork() {
    Thread caller = Thread.currentThread();
    AtomicInteger calls = new AtomicInteger();
    AtomicInteger ended = new AtomicInteger();
    Progress slow =
        (received, total) -> {
          if (calls.getAndIncrement() == 0) {
            caller.interrupt();
          }
          long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(200);
          while (System.nanoTime() < end) { // What is at work may not hear an interrupt.
            Thread.onSpinWait();
          }
          ended.incrementAndGet();
        };
    assertThrows(Clip4jException.class, () -> open(2, Duration.ofSeconds(20), slow));
    int before = ended.get();
    assertTrue(Thread.interrupted());
    assertTrue(before > 0);
    assertEquals(before, calls.get());
  }

  @Test
  @Timeout(40)
  void anInterruptEndsTheWaitingForBytes() {
    CountDownLatch begun = new CountDownLatch(1);
    server.contentFaults.add(stall(begun));
    Thread caller = Thread.currentThread();
    threads.submit(
        () -> {
          begun.await();
          Thread.sleep(500); // By now nothing is at work, and all wait.
          caller.interrupt();
          return null;
        });
    Clip4jException failure =
        assertThrows(Clip4jException.class, () -> open(1, Duration.ofMinutes(1)));
    assertTrue(Thread.interrupted());
    assertEquals("the download was interrupted", failure.getMessage());
  }

  /** Nobody waits for what another file's server may send yet. */
  @Test
  @Timeout(40)
  void oneFilesFailureEndsTheOthers() {
    CountDownLatch begun = new CountDownLatch(1);
    server.contentFaults.add(stall(begun));
    server.fileFaults.put(
        "config.json",
        (exchange, content) -> {
          try {
            begun.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          FakeHub.status(404, null).answer(exchange, content);
        });
    failure(Kind.MISSING, 1, Duration.ofMinutes(1));
  }

  private void atOnce(int count) throws Exception {
    Stream<Future<Path>> downloads =
        Stream.generate(() -> threads.submit(() -> open())).limit(count).toList().stream();
    for (Future<Path> download : downloads.toList()) {
      download.get();
    }
  }

  @Test
  void copiesWhereTheFileSystemHasNoLinks() throws IOException {
    HubCache plain =
        new HubCache(
            cache,
            TINY,
            (link, target) -> {
              throw new UnsupportedOperationException();
            });
    Files.write(plain.blob("etag"), new byte[] {1, 2, 3});
    plain.link(COMMIT, "config.json", "etag");
    Path file = plain.snapshot(COMMIT).resolve("config.json");
    assertFalse(Files.isSymbolicLink(file));
    assertArrayEquals(new byte[] {1, 2, 3}, Files.readAllBytes(file));
    try (Stream<Path> files = Files.list(plain.snapshot(COMMIT))) {
      assertEquals(List.of(file), files.toList());
    }
  }
}
