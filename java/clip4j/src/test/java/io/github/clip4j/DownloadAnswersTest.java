package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** From servers that redirect, refuse, lie and babble. */
class DownloadAnswersTest extends FileServer {
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
}
