package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests of downloads from a server that does as each wants. */
abstract class FileServer {
  static final byte[] CONTENT = new byte[300_000];

  static {
    new Random(5).nextBytes(CONTENT);
  }

  @TempDir Path temp;
  final Downloader downloader = Downloader.create(3, Duration.ofMinutes(1));
  final AtomicLong progress = new AtomicLong();
  final Downloader.Options options =
      Downloader.Options.DEFAULT.withProgress((received, total) -> progress.set(received));
  final List<String> ranges = new ArrayList<>();
  final ExecutorService threads = Executors.newCachedThreadPool();
  HttpServer server;

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

  URI serve(HttpHandler handler) {
    server.createContext("/file", handler);
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/file");
  }

  /** Serves requests for a range by the one handler, others by the other. */
  URI serve(HttpHandler range, HttpHandler whole) {
    return serve(
        exchange ->
            (exchange.getRequestHeaders().containsKey("Range") ? range : whole).handle(exchange));
  }

  /** Serves CONTENT with a tag, and ranges of it; the first {@code cuts} responses end half-way. */
  HttpHandler content(String tag, int cuts) {
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
  void awaitProgress(long bytes) {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (progress.get() < bytes && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
  }

  static void respond(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  Path target() {
    return temp.resolve("file.bin");
  }

  static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  void assertOnlyTheFile() throws IOException {
    assertArrayEquals(CONTENT, Files.readAllBytes(target()));
    try (Stream<Path> files = Files.list(temp)) {
      assertEquals(List.of(target()), files.toList());
    }
  }

  Clip4jException failure(URI address, Downloader.Options wanted) {
    return assertThrows(
        Clip4jException.class, () -> downloader.download(address, target(), wanted));
  }
}
