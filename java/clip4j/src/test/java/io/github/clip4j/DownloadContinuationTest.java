package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Of what the connection, or an earlier call, left. */
class DownloadContinuationTest extends FileServer {
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
  void aTagThatIsNoTextMeansNothing() throws IOException {
    Files.write(temp.resolve(".file.bin.part"), new byte[10]);
    Files.write(temp.resolve(".file.bin.part.tag"), new byte[] {(byte) 0xFF});
    downloader.download(serve(content("\"1\"", 0)), target(), options);
    assertOnlyTheFile();
  }
}
