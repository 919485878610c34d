package io.github.clip4j.internal;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** GET with retries, resumption, and an end to waiting for servers that say nothing. */
public final class HttpFetch {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-\\d+/(\\d{1,18})");
  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private final int attempts;
  private final Duration silence;
  private final HttpClient client;

  /** A client; {@code silence} is how long a server may send nothing. */
  public HttpFetch(int attempts, Duration silence) {
    this.attempts = attempts;
    this.silence = silence;
    this.client =
        HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NORMAL)
            .connectTimeout(silence)
            .build();
  }

  /** One attempt at a transfer; an IOException is worth another. */
  private interface Attempt<T> {
    T run() throws IOException, InterruptedException;
  }

  /** The whole content to {@code part}, continuing what it holds. */
  public void download(URI address, PartialFile part, Progress progress) {
    retry(
        address,
        () -> {
          transfer(address, part, progress);
          return null;
        });
  }

  /** The whole content, which must not be over {@code maxBytes}. */
  public byte[] fetch(URI address, long maxBytes) {
    return retry(
        address,
        () -> {
          HttpResponse<InputStream> response = send(request(address).build());
          try (StallGuard body = new StallGuard(response.body(), silence)) {
            checkStatus(address, response.statusCode());
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] buffer = new byte[1 << 16];
            for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
              if (bytes.size() + n > maxBytes) {
                throw new Clip4jException(
                    Kind.TOO_LARGE, "it is over the limit of " + maxBytes + " bytes");
              }
              bytes.write(buffer, 0, n);
            }
            return bytes.toByteArray();
          }
        });
  }

  private <T> T retry(URI address, Attempt<T> attempt) {
    long pause = 500;
    for (int i = 1; ; i++) {
      try {
        return attempt.run();
      } catch (IOException e) {
        if (i == attempts) {
          throw new Clip4jException(
              Kind.UNREADABLE,
              "%s: the download failed %d times: %s".formatted(address, i, describe(e)),
              e);
        }
        sleep(pause);
        pause = Math.min(2 * pause, 8000);
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static Clip4jException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new Clip4jException(Kind.UNREADABLE, "the download was interrupted", e);
  }

  private static String describe(IOException e) {
    // The server may have written some of it.
    return e.getMessage() == null
        ? e.getClass().getSimpleName()
        : e.getMessage().replaceAll("\\p{Cntrl}", "?");
  }

  private HttpRequest.Builder request(URI address) {
    // What is compressed on the way could be neither continued nor measured.
    return HttpRequest.newBuilder(address).timeout(silence).header("Accept-Encoding", "identity");
  }

  private HttpResponse<InputStream> send(HttpRequest request)
      throws IOException, InterruptedException {
    try {
      return client.send(request, BodyHandlers.ofInputStream());
    } catch (IllegalArgumentException e) {
      // So java.net.http takes some headers and redirects that make no sense.
      throw new IOException("the server's answer makes no sense: " + e.getMessage(), e);
    }
  }

  private void transfer(URI address, PartialFile part, Progress progress)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = request(address);
    String validator = part.validator();
    if (validator != null) {
      request.header("Range", "bytes=" + part.size() + "-").header("If-Range", validator);
    }
    HttpResponse<InputStream> response = send(request.build());
    try (StallGuard body = new StallGuard(response.body(), silence)) {
      if (response.statusCode() == RANGE_NOT_SATISFIABLE && validator != null) {
        part.discard();
        throw new IOException("the server would not continue an interrupted download");
      }
      long total = begin(address, part, response);
      copy(body, part, total, progress);
    }
  }

  /** Makes ready for the response's first byte, and returns the whole file's size or -1. */
  private static long begin(URI address, PartialFile part, HttpResponse<?> response)
      throws IOException {
    if (response.statusCode() == PARTIAL) {
      String range = response.headers().firstValue("Content-Range").orElse("");
      Matcher matcher = CONTENT_RANGE.matcher(range);
      if (matcher.matches() && Long.parseLong(matcher.group(1)) == part.size()) {
        return Long.parseLong(matcher.group(2));
      }
      part.discard();
      throw new IOException("the server continued at the wrong place: Content-Range: " + range);
    }
    checkStatus(address, response.statusCode());
    part.restart(validator(response));
    return response.headers().firstValueAsLong("Content-Length").orElse(-1);
  }

  /** What If-Range accepts: a strong ETag, else a date. */
  private static String validator(HttpResponse<?> response) {
    Optional<String> etag =
        response.headers().firstValue("ETag").filter(value -> !value.startsWith("W/"));
    return etag.or(() -> response.headers().firstValue("Last-Modified")).orElse(null);
  }

  private static void copy(StallGuard body, PartialFile part, long total, Progress progress)
      throws IOException {
    byte[] buffer = new byte[1 << 16];
    long received = part.size();
    progress.advanced(received, total);
    for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
      part.append(buffer, n);
      received += n;
      progress.advanced(received, total);
    }
    if (total >= 0 && received != total) {
      throw new IOException("%d of %d bytes came".formatted(received, total));
    }
  }

  private static void checkStatus(URI address, int status) throws IOException {
    switch (status) {
      case OK -> {}
      case 404, 410 ->
          throw new Clip4jException(Kind.MISSING, address + ": the server says " + status);
      case 408, 425, 429, 500, 502, 503, 504 -> throw new IOException("the server says " + status);
      default ->
          throw new Clip4jException(Kind.UNREADABLE, address + ": the server says " + status);
    }
  }
}
