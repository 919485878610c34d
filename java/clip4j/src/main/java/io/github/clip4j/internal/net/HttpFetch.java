package io.github.clip4j.internal.net;

import io.github.clip4j.Downloader.Progress;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** GET and HEAD with retries, resumption, and an end to waiting for servers that say nothing. */
public final class HttpFetch {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-\\d+/(\\d{1,18})");

  private static final int MAX_REMARK = 300;

  /** Bytes that earn a download as many attempts again. */
  private static final long ADVANCE = 1 << 20;

  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private final int attempts;
  private final Redirects redirects;

  /** A client; {@code silence} is how long a server may send nothing. */
  public HttpFetch(int attempts, Duration silence) {
    this(attempts, new Redirects(silence));
  }

  private HttpFetch(int attempts, Redirects redirects) {
    this.attempts = attempts;
    this.redirects = redirects;
  }

  /** The same, without a second attempt. */
  public HttpFetch once() {
    return new HttpFetch(1, redirects);
  }

  /** Says what a status means that is not worth another attempt. */
  public interface Refusal {
    Clip4jException explain(Source source, HttpResponse<?> response);
  }

  /**
   * What to fetch.
   *
   * @param named whether messages about it begin with its address; else the caller says it
   * @param token sent to the address's own host alone, whatever it redirects to; a user in the
   *     address comes first, as in Python
   * @param size bytes that must come, -1 where that is not known
   * @param advice what to do where the network fails; may be empty
   */
  public record Source(
      URI address,
      boolean named,
      Optional<String> token,
      long size,
      Refusal refusal,
      String advice) {
    /** Without the token. */
    @Override
    public String toString() {
      return "Source[" + HttpAddress.shown(address) + "]";
    }

    /** A file that anybody may fetch. */
    public static Source of(URI address) {
      return anybodys(address, true);
    }

    /** A file that anybody may fetch, and that the caller names in messages. */
    public static Source unnamed(URI address) {
      return anybodys(address, false);
    }

    private static Source anybodys(URI address, boolean named) {
      return new Source(address, named, Optional.empty(), -1, Source::refused, "");
    }

    /** Who asks. */
    Optional<String> authorization() {
      return HttpAddress.basic(address).or(() -> token.map(word -> "Bearer " + word));
    }

    /** What messages about it begin with. */
    public String where() {
      return named ? HttpAddress.shown(address) + ": " : "";
    }

    public Clip4jException refused(HttpResponse<?> response) {
      int status = response.statusCode();
      String what = "the server says " + status;
      if (status == 407) {
        what = "the proxy asks for a user and a password, which clip4j cannot give";
      } else if (Redirects.isRedirect(status)) {
        what += ", and redirects nowhere, or from https to http";
      } else if (!Redirects.sameHost(address, response.uri())) {
        what = response.uri().getHost() + ", where the server redirects to, says " + status;
      }
      return new Clip4jException(
          status == 404 || status == 410 ? Kind.MISSING : Kind.UNREADABLE,
          where() + what + remark(response.headers()));
    }

    /** What a hub adds to a status, as part of one line. */
    public static String remark(HttpHeaders headers) {
      String text = headers.firstValue("X-Error-Message").orElse("").replaceAll("[^ -~]", "?");
      return text.isEmpty() ? "" : ": " + text.substring(0, Math.min(text.length(), MAX_REMARK));
    }
  }

  /** The whole content to {@code part}, continuing what it holds. */
  public void download(Source source, PartialFile part, Progress progress) {
    Retry.run(
        attempts,
        source.where(),
        source.advice(),
        new Retry.Attempt<Void>() {
          private long furthest;
          private long reached;

          @Override
          public Void run() throws IOException, InterruptedException {
            furthest = Math.max(furthest, Math.max(reached, part.size()));
            transfer(
                source,
                part,
                (bytes, all) -> {
                  reached = bytes;
                  progress.advanced(bytes, all);
                });
            return null;
          }

          @Override
          public boolean hasAdvanced() {
            return reached >= furthest + ADVANCE;
          }
        });
  }

  /** The whole content, which must not be over {@code maxBytes}. */
  public byte[] fetch(Source source, long maxBytes) {
    return Retry.run(
        attempts,
        source.where(),
        source.advice(),
        () -> {
          HttpResponse<HttpBody> response = redirects.send("GET", source, Map.of(), true);
          try (HttpBody body = response.body()) {
            checkStatus(source, response);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] buffer = new byte[1 << 16];
            for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
              if (bytes.size() + n > maxBytes) {
                throw new Clip4jException(
                    Kind.TOO_LARGE,
                    source.where() + "it is over the limit of " + maxBytes + " bytes");
              }
              bytes.write(buffer, 0, n);
            }
            return bytes.toByteArray();
          }
        });
  }

  /** What the address's own host says of the content, whichever host it redirects to for it. */
  public HttpHeaders head(Source source) {
    return Retry.run(
        attempts,
        source.where(),
        source.advice(),
        () -> {
          HttpResponse<HttpBody> response = redirects.send("HEAD", source, Map.of(), false);
          response.body().close();
          if (Redirects.next(response).isEmpty()) {
            checkStatus(source, response);
          }
          return response.headers();
        });
  }

  private void transfer(Source source, PartialFile part, Progress progress)
      throws IOException, InterruptedException {
    Map<String, String> continuation = part.continuation();
    HttpResponse<HttpBody> response = redirects.send("GET", source, continuation, true);
    try (HttpBody body = response.body()) {
      if (response.statusCode() == RANGE_NOT_SATISFIABLE && !continuation.isEmpty()) {
        part.discard();
        throw new IOException("the server would not continue an interrupted download");
      }
      long total = begin(source, part, continuation, response);
      copy(body, part, Math.max(total, source.size()), progress);
    }
  }

  /** Makes ready for the response's first byte, and returns the whole file's size or -1. */
  private static long begin(
      Source source, PartialFile part, Map<String, String> asked, HttpResponse<?> response)
      throws IOException {
    if (response.statusCode() == PARTIAL) {
      String range = response.headers().firstValue("Content-Range").orElse("");
      Matcher matcher = CONTENT_RANGE.matcher(range);
      if (!matcher.matches() || Long.parseLong(matcher.group(1)) != part.size()) {
        part.discard();
        throw new IOException("the server continued at the wrong place: Content-Range: " + range);
      }
      if (isAnotherVersion(asked, response.headers())) {
        part.discard();
        throw new IOException("the server continued another version of the file");
      }
      return checkSize(source, Long.parseLong(matcher.group(2)));
    }
    checkStatus(source, response);
    long total = response.headers().firstValueAsLong("Content-Length").orElse(-1);
    checkSize(source, total); // A page that says "try later", say, is no reason to begin anew.
    part.restart(response.headers());
    return total;
  }

  private static long checkSize(Source source, long total) throws IOException {
    if (source.size() >= 0 && total >= 0 && total != source.size()) {
      throw new IOException(
          "the server offers %d bytes instead of %d".formatted(total, source.size()));
    }
    return total;
  }

  /** Not every server minds If-Range. */
  private static boolean isAnotherVersion(Map<String, String> asked, HttpHeaders answer) {
    String version = asked.get("If-Range");
    if (version == null) {
      return false;
    }
    String header = version.startsWith("\"") ? "ETag" : "Last-Modified";
    return answer.firstValue(header).filter(now -> !now.equals(version)).isPresent();
  }

  private static void copy(HttpBody body, PartialFile part, long total, Progress progress)
      throws IOException, InterruptedException {
    byte[] buffer = new byte[1 << 16];
    long received = part.size();
    progress.advanced(received, total);
    for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
      part.append(buffer, n);
      received += n;
      progress.advanced(received, total);
      if (total >= 0 && received > total) {
        part.discard();
        throw new IOException("over %d bytes came".formatted(total));
      }
    }
    if (total >= 0 && received != total) {
      throw new IOException("%d of %d bytes came".formatted(received, total));
    }
  }

  private static void checkStatus(Source source, HttpResponse<?> response) throws IOException {
    int status = response.statusCode();
    switch (status) {
      case OK -> {}
      case 408, 425, 429, 500, 502, 503, 504 -> throw new Retry.Busy(status, response.headers());
      default -> throw source.refusal().explain(source, response);
    }
  }
}
