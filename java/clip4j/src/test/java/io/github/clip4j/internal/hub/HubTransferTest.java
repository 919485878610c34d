package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Weights from servers that lie, stall and are busy. */
class HubTransferTest extends HubTransfer {
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
}
