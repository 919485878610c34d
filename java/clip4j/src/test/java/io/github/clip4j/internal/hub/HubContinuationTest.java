package io.github.clip4j.internal.hub;

import static io.github.clip4j.internal.hub.FakeHub.WEIGHTS;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Of what the connection, another download or Python left. */
class HubContinuationTest extends HubTransfer {
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
}
