package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a server that cuts, lies and stalls. */
class DownloaderTest {
  private static final byte[] CONTENT = new byte[300_000];

  static {
    new Random(5).nextBytes(CONTENT);
  }

  @TempDir Path temp;
  private final Downloader downloader = Downloader.create(3, Duration.ofMinutes(1));
  private final AtomicLong progress = new AtomicLong();
  private final Downloader.Options options =
      Downloader.Options.DEFAULT.withProgress((received, total) -> progress.set(received));
  private final List<String> ranges = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  private URI serve(HttpHandler handler) {
    server.createContext("/file", handler);
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/file");
  }

  /** Serves requests for a range by the one handler, others by the other. */
  private URI serve(HttpHandler range, HttpHandler whole) {
    return serve(
        exchange ->
            (exchange.getRequestHeaders().containsKey("Range") ? range : whole).handle(exchange));
  }

  /** Serves CONTENT with a tag, and ranges of it; the first {@code cuts} responses end half-way. */
  private HttpHandler content(String tag, int cuts) {
    return exchange -> {
      String range = exchange.getRequestHeaders().getFirst("Range");
      boolean same = tag.equals(exchange.getRequestHeaders().getFirst("If-Range"));
      int begin = 0;
      ranges.add(String.valueOf(range));
      exchange.getResponseHeaders().set("ETag", tag);
      if (range != null && same) {
        begin = Integer.parseInt(range.replaceAll("\\D", ""));
        exchange
            .getResponseHeaders()
            .set(
                "Content-Range",
                "bytes %d-%d/%d".formatted(begin, CONTENT.length - 1, CONTENT.length));
      }
      int length = CONTENT.length - begin;
      exchange.sendResponseHeaders(begin > 0 ? 206 : 200, length);
      boolean cut = ranges.size() <= cuts;
      exchange.getResponseBody().write(CONTENT, begin, cut ? length / 2 : length);
      exchange.getResponseBody().flush();
      if (cut) {
        awaitProgress(begin + length / 2);
      }
      exchange.close();
    };
  }

  /** java.net.http drops what it has not handed on yet when a connection ends early. */
  private void awaitProgress(long bytes) {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (progress.get() < bytes && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
  }

  private static void respond(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private Path target() {
    return temp.resolve("file.bin");
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private void assertOnlyTheFile() throws IOException {
    assertArrayEquals(CONTENT, Files.readAllBytes(target()));
    try (Stream<Path> files = Files.list(temp)) {
      assertEquals(List.of(target()), files.toList());
    }
  }

  private Clip4jException failure(URI address, Downloader.Options wanted) {
    return assertThrows(
        Clip4jException.class, () -> downloader.download(address, target(), wanted));
  }

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
  void continuesWhereTheConnectionWasCut() throws IOException {
    downloader.download(serve(content("\"1\"", 2)), target(), options);
    assertOnlyTheFile();
    assertEquals(3, ranges.size());
    assertTrue(ranges.get(2).matches("bytes=[1-9]\\d*-"), ranges.toString());
  }

  @Test
  void continuesWhatAnEarlierCallLeft() throws IOException {
    URI address = serve(content("\"1\"", 3));
    assertEquals(Kind.UNREADABLE, failure(address, options).kind());
    assertFalse(Files.exists(target()));
    downloader.download(address, target(), options);
    assertOnlyTheFile();
    assertTrue(ranges.get(3).matches("bytes=[1-9]\\d*-"), ranges.toString());
  }

  @Test
  void beginsAnewWhereTheFileChanged() throws IOException {
    URI address = serve(content("\"old\"", 3));
    failure(address, options);
    server.removeContext("/file");
    downloader.download(serve(content("\"new\"", 0)), target());
    assertOnlyTheFile();
  }

  /** Answers a request for a range by what of it lies before {@code end}. */
  private void respondPart(HttpExchange exchange, String tag, int end) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    int begin = Integer.parseInt(range.replaceAll("\\D", ""));
    ranges.add(range);
    exchange.getResponseHeaders().set("ETag", tag);
    exchange
        .getResponseHeaders()
        .set("Content-Range", "bytes %d-%d/%d".formatted(begin, end - 1, CONTENT.length));
    respond(exchange, 206, Arrays.copyOfRange(CONTENT, begin, end));
  }

  /** Leaves 150000 bytes of the file, with the tag "1". */
  private URI leaveHalf() {
    URI address = serve(content("\"1\"", 1));
    Downloader hasty = Downloader.create(1, Duration.ofMinutes(1));
    assertThrows(Clip4jException.class, () -> hasty.download(address, target(), options));
    server.removeContext("/file");
    ranges.clear();
    return address;
  }

  @Test
  void aServerThatContinuesAnotherVersion() throws IOException {
    URI address = leaveHalf();
    serve(exchange -> respondPart(exchange, "\"2\"", CONTENT.length), content("\"2\"", 0));
    downloader.download(address, target(), options);
    assertOnlyTheFile();
    assertEquals(List.of("bytes=150000-", "null"), ranges);
  }

  @Test
  void aRangeThatEndsEarlyIsContinued() throws IOException {
    URI address = leaveHalf();
    serve(exchange -> respondPart(exchange, "\"1\"", ranges.isEmpty() ? 200_000 : CONTENT.length));
    downloader.download(address, target(), options);
    assertOnlyTheFile();
    assertEquals(List.of("bytes=150000-", "bytes=200000-"), ranges);
  }

  @Test
  void aRangeThatCannotBeSatisfied() throws IOException {
    URI address = leaveHalf();
    serve(exchange -> respond(exchange, 416, new byte[0]), content("\"1\"", 0));
    downloader.download(address, target(), options);
    assertOnlyTheFile();
    assertEquals(List.of("null"), ranges);
  }

  @Test
  void whatIsLeftOfAnotherAddressIsNotContinued() throws IOException {
    URI address = leaveHalf();
    serve(content("\"1\"", 0));
    downloader.download(URI.create(address + "?other"), target(), options);
    assertOnlyTheFile();
    assertEquals(List.of("null"), ranges);
  }

  /** Bytes of two versions may differ, although the tag is the same. */
  @Test
  void aWeakTagIsNotContinued() throws IOException {
    downloader.download(serve(content("W/\"1\"", 1)), target(), options);
    assertOnlyTheFile();
    assertEquals(List.of("null", "null"), ranges);
  }

  @Test
  void aServerThatIgnoresRangesOrAnswersWrongOnes() throws IOException {
    URI address = serve(content("\"1\"", 3));
    failure(address, options);
    server.removeContext("/file");
    serve(
        exchange -> {
          exchange.getResponseHeaders().set("Content-Range", "bytes 5-9/300000");
          respond(exchange, 206, new byte[5]);
        },
        exchange -> respond(exchange, 200, CONTENT));
    downloader.download(address, target(), options);
    assertOnlyTheFile();
  }

  @Test
  void aLengthThatIsTooLong() throws IOException {
    URI address =
        serve(
            exchange -> {
              exchange.sendResponseHeaders(200, CONTENT.length + 10);
              exchange.getResponseBody().write(CONTENT);
              exchange.getResponseBody().flush();
              exchange.close();
            });
    assertEquals(Kind.UNREADABLE, failure(address, options).kind());
    assertFalse(Files.exists(target()));
  }

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
  void statusesAndRedirects() throws IOException {
    List<Integer> statuses = new ArrayList<>(List.of(503, 302, 200));
    URI address =
        serve(
            exchange -> {
              int status = statuses.remove(0);
              exchange.getResponseHeaders().set("Location", "/file");
              respond(exchange, status, status == 200 ? CONTENT : new byte[0]);
            });
    downloader.download(address, target(), options);
    assertOnlyTheFile();
    Files.delete(target());
    statuses.addAll(List.of(404, 403, 500, 500, 500));
    assertEquals(Kind.MISSING, failure(address, options).kind());
    assertEquals(Kind.UNREADABLE, failure(address, options).kind());
    assertTrue(
        failure(address, options).getMessage().endsWith("failed 3 times: the server says 500"));
    assertEquals(List.of(), statuses);
  }

  @Test
  void aRedirectIsEncodedWhereItMustBe() throws IOException {
    List<String> queries = new ArrayList<>();
    URI address =
        serve(
            exchange -> {
              queries.add(exchange.getRequestURI().getRawQuery());
              exchange.getResponseHeaders().set("Location", "/file?a b|\"c%20[d]");
              respond(exchange, queries.size() == 1 ? 302 : 200, CONTENT);
            });
    downloader.download(address, target(), options);
    assertOnlyTheFile();
    assertEquals("a%20b%7C%22c%20[d]", queries.get(1));
  }

  /** Its body never ends: only the client can end the connection. */
  @Test
  void aRedirectToNowhereLeavesNoConnection() throws Exception {
    CountDownLatch closed = new CountDownLatch(3);
    URI address =
        serve(
            exchange -> {
              exchange.getResponseHeaders().set("Location", "ftp://example.org/file");
              exchange.sendResponseHeaders(302, 0);
              try {
                while (true) {
                  exchange.getResponseBody().write(CONTENT);
                }
              } catch (IOException e) {
                closed.countDown();
              }
            });
    assertTrue(failure(address, options).getMessage().contains("makes no sense"));
    assertTrue(closed.await(1, TimeUnit.MINUTES));
  }

  @Test
  void answersThatMakeNoSense() throws IOException {
    List<String> answers =
        List.of(
            "206 Partial Content\r\nContent-Range: bytes 0-99/99999999999999999999",
            "200 OK\r\nContent-Length: 99999999999999999999",
            "302 Found\r\nLocation: http://127.0.0.1:99999/",
            "302 Found\r\nLocation: ht^tp://[",
            "200 OK\r\nETag: a\u0001b");
    for (String answer : answers) {
      try (ServerSocket socket = new ServerSocket(0, 0, InetAddress.getLoopbackAddress())) {
        threads.submit(
            () -> {
              while (true) {
                try (Socket client = socket.accept()) {
                  client.getInputStream().read(new byte[4096]);
                  String text = "HTTP/1.1 " + answer + "\r\nConnection: close\r\n\r\n";
                  client.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
                }
              }
            });
        URI address = URI.create("http://127.0.0.1:" + socket.getLocalPort() + "/");
        Clip4jException failure =
            assertThrows(
                Clip4jException.class,
                () -> Downloader.create(1, Duration.ofSeconds(5)).download(address, target()),
                answer);
        assertEquals(Kind.UNREADABLE, failure.kind(), failure.getMessage());
        assertFalse(failure.getMessage().matches("(?s).*\\p{Cntrl}.*"), failure.getMessage());
      }
    }
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
  void userAndPasswordGoToTheirHostAndIntoNoMessage() throws Exception {
    List<String> seen = Collections.synchronizedList(new ArrayList<>());
    HttpServer other =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    other.createContext(
        "/",
        exchange -> {
          seen.add("other " + exchange.getRequestHeaders().getFirst("Authorization"));
          content("\"1\"", 1).handle(exchange);
        });
    other.start();
    URI plain =
        serve(
            exchange -> {
              String path = exchange.getRequestURI().getPath();
              seen.add(path + " " + exchange.getRequestHeaders().getFirst("Authorization"));
              exchange
                  .getResponseHeaders()
                  .set(
                      "Location",
                      path.equals("/file")
                          ? "/file/2"
                          : "http://127.0.0.1:" + other.getAddress().getPort() + "/");
              respond(exchange, 302, new byte[0]);
            });
    URI address = URI.create(plain.toString().replace("//", "//me:s%40cret@"));
    String basic =
        " Basic "
            + Base64.getEncoder().encodeToString("me:s@cret".getBytes(StandardCharsets.UTF_8));
    try {
      Downloader hasty = Downloader.create(1, Duration.ofSeconds(20));
      Clip4jException failure =
          assertThrows(Clip4jException.class, () -> hasty.download(address, target(), options));
      assertTrue(failure.getMessage().startsWith(plain + ": "), failure.getMessage());
      assertEquals(List.of("/file" + basic, "/file/2" + basic, "other null"), seen);
      String hash = sha256(plain.toString().getBytes(StandardCharsets.UTF_8));
      assertEquals(List.of(hash, "\"1\""), Files.readAllLines(temp.resolve(".file.bin.part.tag")));
      failure = failure(address, options.withSha256("0".repeat(64)));
      assertTrue(failure.getMessage().startsWith(plain + " has the SHA-256"));
    } finally {
      other.stop(0);
    }
  }

  @Test
  void whatCannotBeWrittenIsNotAskedForAgain() throws IOException {
    Files.createDirectories(temp.resolve(".file.bin.part.tag/full"));
    Clip4jException failure = failure(serve(content("\"1\"", 0)), options);
    assertEquals(Kind.UNWRITABLE, failure.kind(), failure.getMessage());
    assertEquals(1, ranges.size());
  }

  @Test
  void aTagThatIsNoTextMeansNothing() throws IOException {
    Files.write(temp.resolve(".file.bin.part"), new byte[10]);
    Files.write(temp.resolve(".file.bin.part.tag"), new byte[] {(byte) 0xFF});
    downloader.download(serve(content("\"1\"", 0)), target(), options);
    assertOnlyTheFile();
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

  @Test
  void picturesFromAddresses() throws IOException {
    byte[] png = Files.readAllBytes(TinyModel.file("rgb.png"));
    URI address = serve(exchange -> respond(exchange, 200, png));
    LoadOptions small =
        LoadOptions.DEFAULT.withImages(ImageOptions.DEFAULT.withMaxEncodedBytes(png.length - 1));
    ImageSource source = ImageSource.of(address, downloader);
    try (ClipModel model = TinyModel.load();
        ClipModel strict = ClipModel.load(TinyModel.directory(), small)) {
      assertArrayEquals(model.embedImage(TinyModel.picture()), model.embedImage(source));
      Clip4jException large = assertThrows(Clip4jException.class, () -> strict.embedImage(source));
      assertEquals(Kind.TOO_LARGE, large.kind());
      assertEquals(
          address + ": it is over the limit of " + (png.length - 1) + " bytes", large.getMessage());
      server.removeContext("/file");
      Clip4jException missing = assertThrows(Clip4jException.class, () -> model.embedImage(source));
      assertEquals(Kind.MISSING, missing.kind());
      assertEquals(address + ": the server says 404", missing.getMessage());
    }
  }
}
